"""Curves of a run over steps, epochs and time, growing as it trains."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from tasks.base import Settings
from workbench.render.curve import Curve, Smoothed
from workbench.render.metrics import heading
from workbench.render.plot import Point
from workbench.runs.events import Eval, Event, Started, Step
from workbench.runs.journal import Tail
from workbench.runs.run import Run
from workbench.runs.timeline import AXES, Axis, Timeline

TRAINING = "training loss"
_UNITS = {3600.0: "hours", 60.0: "minutes"}  # in seconds


class _CurvePoint(NamedTuple):
    """Point of a curve on every axis; the axes come first, in their order."""

    step: float
    epoch: float
    time: float
    value: float


def quantity_label(quantity: str, settings: Settings | type[Settings]) -> str:
    """Return a curve's name for the chart's title."""
    return {TRAINING: f"{TRAINING}, smoothed", "loss": "validation loss"}.get(quantity) or heading(quantity, settings)


def axis_unit(axis: Axis, longest: float) -> tuple[float, str]:
    """Return the unit of an axis that is ``longest`` long: its size in the axis' own unit, and its name."""
    if axis != "time":
        return 1.0, f"{axis}s"
    unit = next((unit for unit in _UNITS if longest >= 3 * unit), 1.0)
    return unit, f"{_UNITS.get(unit, 'seconds')} of training"


class RunCurves:
    """Reads a run's events once, then what is new. ``look`` runs on one thread at a time; another one may show."""

    def __init__(self, run: Run) -> None:
        self._tail = Tail(run.events_file)
        self._timeline = Timeline()
        self._curves: dict[str, Curve] = {}
        self._shown: dict[str, list[_CurvePoint]] = {}  # replaced as a whole: another thread reads it

    @property
    def metrics(self) -> list[str]:
        """Metrics with validation figures."""
        return [name for name, points in self._shown.items() if points and name != TRAINING]

    def look(self) -> bool:
        """Read what is new; return whether there was anything.

        Raises:
            OSError: the events cannot be read.
        """
        events, restarted = self._tail.read()
        if restarted:
            self._timeline.clear()
            self._curves = {}
        for _, group in groupby(events, type):
            self._add(list(group))
        if events or restarted:
            self._shown = {name: self._points_of(curve) for name, curve in self._curves.items()}
        return bool(events) or restarted

    def points(self, quantity: str, axis: Axis) -> list[Point]:
        """Return a curve over an axis; time is seconds of training, without the breaks between a run's lives."""
        return [(point[AXES.index(axis)], point.value) for point in self._shown.get(quantity, [])]

    def _points_of(self, curve: Curve) -> list[_CurvePoint]:
        at = self._timeline.at
        return [_CurvePoint(step, at("epoch", step), at("time", step), value) for step, value in curve.points]

    def _add(self, events: Sequence[Event]) -> None:
        """Add events of one kind, in their order."""
        if started := [event for event in events if isinstance(event, Started)]:
            for life in started:
                self._timeline.begin(life.from_step, life.time)
                for curve in self._curves.values():  # drop what an earlier life did after this step
                    curve.cut(life.from_step)
        elif steps := [event for event in events if isinstance(event, Step)]:
            self._timeline.extend(steps)
            self._curve(TRAINING).extend([step.step for step in steps], [step.loss for step in steps])
        elif evals := [event for event in events if isinstance(event, Eval)]:
            self._timeline.extend(evals)
            for name in dict.fromkeys(name for event in evals for name in event.metrics):
                self._curve(name).extend([event.step for event in evals], [event.metrics.get(name) for event in evals])

    def _curve(self, quantity: str) -> Curve:
        if quantity not in self._curves:
            self._curves[quantity] = (Smoothed if quantity == TRAINING else Curve)(quantity, "")
        return self._curves[quantity]
