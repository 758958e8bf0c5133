"""Samples of a network: shown after each evaluation, measured in an evaluation, or predicted for a user's text.

A task that is no ``Writer`` makes its own samples and predictions.
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

EVAL_BATCH = 256  # least number of examples at a time where no gradient is kept


def evaluate(task: AnyTask, model: nn.Module, data: Data, split: Split, batch_size: int) -> Evaluation:
    """Return metrics and views of a split, with the metrics of sampled texts where the task declares some.

    The model is in evaluation mode and gradients are off.

    Args:
        batch_size: the training's; an evaluation's batches are at least ``EVAL_BATCH`` examples.
    """
    evaluation = task.evaluate(model, data, split, max(batch_size, EVAL_BATCH))
    request = task.measurement_request() if isinstance(task, Writer) else None
    if request is None or not isinstance(task, Writer):
        return evaluation
    metrics = task.sample_metrics(sample_batch(task, model, request))
    return msgspec.structs.replace(evaluation, metrics={**evaluation.metrics, **metrics})


def sample(task: AnyTask, model: nn.Module) -> View | None:
    """Return a sample from a fixed beginning and seed, drawn by a generator of its own; ``None``: no sample."""
    if not isinstance(task, Writer):
        return task.sample(model)
    request = task.sample_request()
    return None if request is None else _continuation(task, model, request)


def predict(task: AnyTask, model: nn.Module, text: str) -> list[View]:
    """Return the prediction for a text: a Writer's continuation of it first, then the task's own views.

    Raises:
        ValueError: the text cannot be answered; one sentence says why.
    """
    check_length(task, text)
    if not isinstance(task, Writer):
        return task.predict(model, text)
    request = task.sample_request(text)
    shown = [] if request is None else [_continuation(task, model, request)]
    return [*shown, *task.predict(model, text)]


def check_length(task: AnyTask, text: str) -> None:
    """Raises: ValueError: a text is longer than the task's networks are asked about; one sentence says so."""
    longest = type(task.settings).longest_text
    if len(text) > longest:
        raise ValueError(
            f"The text has {len(text):,} characters, and at most {longest:,} are read: give a shorter one."
        )


def sample_batch(task: Writer, model: nn.Module, request: SampleRequest) -> list[GeneratedText]:
    """Return the ``count`` texts of a measurement, in one batch by one generator, straight from the prompt."""
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
    """Return a text by a generator of its own, in the task's layout."""
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
