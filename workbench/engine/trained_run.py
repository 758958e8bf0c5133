"""A trained run, ready to be asked: its task and its network with the best weights."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from tasks.base import AnyTask, Evaluation, Split
from tasks.views import View
from workbench.engine import checkpoint, data, devices, network
from workbench.runs.store import Run, task_state


def open_run(run: Run, threads: int = 0, device: str = "auto") -> tuple[AnyTask, nn.Module]:
    """A run's task and network, in evaluation mode, without its dataset.

    Raises:
        RunError, CheckpointError, DeviceError, SpecError: each with one plain sentence.
    """
    devices.prepare(threads)
    task = data.task_of(run.spec, task_state(run))
    task.tensors = checkpoint.load_tensors(run.tensors_file)
    model = network.build(run.spec, task)
    checkpoint.load_best(run.best_file, model)
    return task, model.to(devices.choose_device(device)).eval()


def evaluate(run: Run, split: Split) -> tuple[AnyTask, Evaluation, dict[str, dict[str, dict[str, float | None]]]]:
    """Metrics and views of a run's best weights on a split, and the baselines' on the same rows.

    Raises:
        DataError: neither the data nor its cached encoding is here.
        RunError, CheckpointError, DeviceError, SpecError: each with one plain sentence.
    """
    task, model = open_run(run)
    _, examples = data.load(run.spec, task.state)
    device = next(model.parameters()).device
    with torch.inference_mode():
        found = task.evaluate(model, examples.to(device), split, 256)
    return task, found, task.baseline(examples)


def answerer(run: Run) -> Callable[[str], list[View]]:
    """A function that answers texts; it raises ``ValueError`` with one sentence for a text that it cannot answer."""
    task, model = open_run(run)

    def answer(text: str) -> list[View]:
        with torch.inference_mode():
            return task.predict(model, text)

    return answer
