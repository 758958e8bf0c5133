"""Gradient through time of a trained run, measured anew on its data with kept weights."""

from __future__ import annotations

from workbench.engine import data, trained_run
from workbench.engine.probe import GradientProbe
from workbench.runs.events import Probe
from workbench.runs.folder import RunError
from workbench.runs.history import LatestEvents
from workbench.runs.run import Run


def measure(run: Run, count: int, at: str = "best", device: str = "") -> Probe:
    """Measure the gradient through time on validation examples, those that the training's own probes take.

    Args:
        count: of the examples; all where there are no more.
        at: the weights, as ``trained_run.load_trained`` takes them.
        device: as in ``trained_run.load_trained``.

    Raises:
        DataError: neither the data nor its cached encoding is here.
        RunError: the network has no recurrence.
        CheckpointError, DeviceError, SpecError: each with one plain sentence.
    """
    task, model = trained_run.load_trained(run, device=device, at=at)
    _, examples = data.load(run.spec, task.state)
    there = next(model.parameters()).device
    probe = GradientProbe(task, examples.to(there), count, run.spec.train.seed).measure(model, _step(run, at))
    if probe is None:
        raise RunError(f"The network of run {run.id} has no recurrence through which a gradient could be followed.")
    return probe


def _step(run: Run, at: str) -> int:
    """Return the step at which weights were kept; 0 where the run's events do not tell it."""
    if at.isdecimal():
        return int(at)
    history = LatestEvents(run.events_file).read()
    kept = history.checkpoint if at == "last" else history.best
    return kept.step if kept else 0
