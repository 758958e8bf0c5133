"""Gradient through time of a trained run, measured anew on its data with kept weights."""

from __future__ import annotations

import torch
from torch import nn

from tasks.base import AnyTask
from workbench.config.spec import SpecError
from workbench.engine import checkpoint, data, trained_run
from workbench.engine.probe import GradientProbe
from workbench.runs.events import Probe
from workbench.runs.folder import RunError
from workbench.runs.history import LatestEvents
from workbench.runs.run import Run

BEST, LAST = "best", "last"


def measure(run: Run, count: int, at: str = BEST, device: str = "") -> Probe:
    """Measure the gradient through time on validation examples, those that the training's own probes take.

    Args:
        count: of the examples; all where there are no more.
        at: ``best`` or ``last``: the weights.
        device: as in ``trained_run.load_trained``.

    Raises:
        DataError: neither the data nor its cached encoding is here.
        RunError: the network has no recurrence.
        CheckpointError, DeviceError, SpecError: each with one plain sentence.
    """
    task, model = _load(run, at, device)
    _, examples = data.load(run.spec, task.state)
    there = next(model.parameters()).device
    probe = GradientProbe(task, examples.to(there), count, run.spec.train.seed).measure(model, _step(run, at))
    if probe is None:
        raise RunError(f"The network of run {run.id} has no recurrence through which a gradient could be followed.")
    return probe


def _load(run: Run, at: str, device: str) -> tuple[AnyTask, nn.Module]:
    """Load a run's task and its network with the weights of its best evaluation or of its last checkpoint."""
    if at not in (BEST, LAST):
        raise SpecError(f"--at {at}: give {BEST} or {LAST}.")
    task, model = trained_run.load_trained(run, device=device)
    if at == LAST:
        state = checkpoint.load_last(run.last_file, torch.device("cpu"))
        if state is None:
            raise checkpoint.CheckpointError(
                f"{run.last_file} is missing: the run has no last checkpoint; --at {BEST} takes its best weights."
            )
        try:
            checkpoint.restore(run.last_file, model, state["model"])
        except (KeyError, TypeError, AttributeError):
            raise checkpoint.damaged(run.last_file) from None
    return task, model


def _step(run: Run, at: str) -> int:
    """Return the step at which weights were kept; 0 where the run's events do not tell it."""
    history = LatestEvents(run.events_file).read()
    kept = history.checkpoint if at == LAST else history.best
    return kept.step if kept else 0
