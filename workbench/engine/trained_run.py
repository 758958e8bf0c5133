"""A trained run in use: its task and its network with the best weights evaluate and predict."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from tasks.base import AnyTask, Evaluation, Split
from tasks.views import View
from workbench.engine import checkpoint, data, devices, network
from workbench.engine.generation import samples
from workbench.runs.store import Run, task_state


def load_trained(run: Run, threads: int = 0, device: str = "auto") -> tuple[AnyTask, nn.Module]:
    """Load a run's task and its network with the best weights, in evaluation mode, without its dataset.

    Raises:
        RunError, CheckpointError, DeviceError, SpecError: each with one plain sentence.
    """
    devices.configure_process(threads)
    task = data.task_of(run.spec, task_state(run))
    task.tensors = checkpoint.load_tensors(run.tensors_file)
    model = network.build(run.spec, task)
    checkpoint.load_best(run.best_file, model)
    return task, model.to(devices.choose_device(device)).eval()


def evaluate(run: Run, split: Split) -> tuple[AnyTask, Evaluation, dict[str, dict[str, dict[str, float | None]]]]:
    """Evaluate a run's best weights on a split.

    Returns:
        the task; metrics and views; the baselines' metrics on the same rows, ``{split: {method: metrics}}``.

    Raises:
        DataError: neither the data nor its cached encoding is here.
        RunError, CheckpointError, DeviceError, SpecError: each with one plain sentence.
    """
    task, model = load_trained(run)
    _, examples = data.load(run.spec, task.state)
    device = next(model.parameters()).device
    with torch.inference_mode():
        evaluation = samples.evaluate(task, model, examples.to(device), split, 256)
    return task, evaluation, task.baseline(examples)


def predictor(run: Run) -> Callable[[str], list[View]]:
    """Return a function from a text to views; it raises ``ValueError``, one sentence, for a text it cannot read."""
    task, model = load_trained(run)

    def predict(text: str) -> list[View]:
        with torch.inference_mode():
            return samples.predict(task, model, text)

    return predict
