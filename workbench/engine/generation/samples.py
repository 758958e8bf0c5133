"""Samples of a network: the one shown after each evaluation, the ones that are measured, the answers to a person.

A task that is no ``Writer`` makes its own sample and answers by itself.
"""

from __future__ import annotations

import msgspec
from torch import Generator, nn

from tasks.base import AnyTask, Data, Evaluation, Split
from tasks.views import Text, View
from tasks.writer import GeneratedText, SampleRequest, Writer
from workbench.engine.generation.batch import Batch
from workbench.engine.generation.decoding import generate, normalize_prompt
from workbench.engine.generation.sampling import Sampler


def evaluate(task: AnyTask, model: nn.Module, data: Data, split: Split, batch_size: int) -> Evaluation:
    """Metrics and views of a split, with the metrics of sampled texts where the task declares some.

    The model is in evaluation mode and gradients are off.
    """
    evaluation = task.evaluate(model, data, split, batch_size)
    request = task.measurement_request() if isinstance(task, Writer) else None
    if request is None or not isinstance(task, Writer):
        return evaluation
    metrics = task.sample_metrics(sample_batch(task, model, request))
    return msgspec.structs.replace(evaluation, metrics={**evaluation.metrics, **metrics})


def sample(task: AnyTask, model: nn.Module) -> View | None:
    """A sample from a fixed beginning and seed, which draws nothing from torch's own generator; none: no sample."""
    if not isinstance(task, Writer):
        return task.sample(model)
    request = task.sample_request()
    return None if request is None else _continuation(task, model, request)


def predict(task: AnyTask, model: nn.Module, text: str) -> list[View]:
    """The answer to a text: a Writer's continuation of it first, then the task's own views.

    Raises:
        ValueError: the text cannot be answered; one sentence says why.
    """
    if not isinstance(task, Writer):
        return task.predict(model, text)
    request = task.sample_request(text)
    shown = [] if request is None else [_continuation(task, model, request)]
    return [*shown, *task.predict(model, text)]


def sample_batch(task: Writer, model: nn.Module, request: SampleRequest) -> list[GeneratedText]:
    """The ``count`` texts of a measurement, in one batch by one generator, straight from the prompt."""
    prompt, generator = task.prompt(request.start), Generator().manual_seed(request.seed)
    sampler = Sampler(temperature=request.temperature)
    batch = Batch(
        task, model, [prompt] * request.count, [generator] * request.count, sampler, limit=max(request.limit, 1)
    )
    for _ in batch:
        pass
    start = normalize_prompt(task, request.start)
    return [GeneratedText(start + "".join(token.text for token in tokens), tokens[-1].ends) for tokens in batch.tokens]


def _continuation(task: Writer, model: nn.Module, request: SampleRequest) -> View:
    """A text of its own generator, as a person reads it."""
    text = normalize_prompt(task, request.start)
    if request.limit > 0:
        tokens = generate(
            task,
            model,
            request.start,
            temperature=request.temperature,
            seed=request.seed,
            limit=request.limit,
        )
        text += "".join(token.text for token in tokens)
    return Text(title=request.title, text=task.layout(text), note=request.note)
