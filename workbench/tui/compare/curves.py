"""The curves of a run over steps, epochs and time, growing as it trains."""

from __future__ import annotations

from typing import Literal, NamedTuple

from tasks.base import Settings
from workbench.render.metrics import heading
from workbench.render.plot import Point
from workbench.runs.events import Eval, Event, Started, Step
from workbench.runs.journal import Tail
from workbench.runs.store import Run
from workbench.tui.widgets.curve import Curve, Smoothed

Axis = Literal["step", "epoch", "time"]
AXES: tuple[Axis, ...] = ("step", "epoch", "time")
TRAINING = "training loss"
_UNITS = {3600.0: "hours", 60.0: "minutes"}  # in seconds
_MANY = 20_000  # places that are remembered before those of thinned-out points are forgotten


class _Place(NamedTuple):
    """A point of a curve over every axis, which come first, in their order."""

    step: float
    epoch: float
    time: float
    value: float


def named(quantity: str, settings: Settings | type[Settings]) -> str:
    """Return a curve's title."""
    return {TRAINING: f"{TRAINING}, smoothed", "loss": "validation loss"}.get(quantity) or heading(quantity, settings)


def counted(axis: Axis, longest: float) -> tuple[float, str]:
    """What an axis counts: how many of its units make one on the screen, and what that is called."""
    if axis != "time":
        return 1.0, f"{axis}s"
    unit = next((unit for unit in _UNITS if longest >= 3 * unit), 1.0)
    return unit, f"{_UNITS.get(unit, 'seconds')} of training"


class Traces:
    """Reads a run's events once, then what is new. One look at a time, on whatever thread; it is shown from another."""

    def __init__(self, run: Run) -> None:
        self._tail = Tail(run.events_file)
        self._shown: dict[str, list[_Place]] = {}
        self._curves: dict[str, Curve] = {}
        self._places: dict[float, tuple[float, float]] = {}  # of a step: its epoch, and the seconds trained
        self._begun: float | None = None  # when this life began
        self._before = 0.0  # seconds trained in the lives before

    @property
    def metrics(self) -> list[str]:
        """Those of which validation gave a figure."""
        return [name for name, places in self._shown.items() if places and name != TRAINING]

    def look(self) -> bool:
        """Read what is new → whether there was anything.

        Raises:
            OSError: the events cannot be read.
        """
        events, restarted = self._tail.read()
        if restarted:
            self._clear()
        for event in events:
            self._add(event)
        if len(self._places) > _MANY:
            kept = {x for curve in self._curves.values() for x, _ in curve.points}
            self._places = {step: place for step, place in self._places.items() if step in kept}
        if events or restarted:
            self._shown = {
                name: [_Place(step, *self._places[step], value) for step, value in curve.points]
                for name, curve in self._curves.items()
            }
        return bool(events) or restarted

    def points(self, quantity: str, axis: Axis) -> list[Point]:
        """A curve over an axis; time is seconds of training, without the breaks between a run's lives."""
        return [(place[AXES.index(axis)], place.value) for place in self._shown.get(quantity, [])]

    def _clear(self) -> None:
        self._curves, self._places = {}, {}
        self._begun, self._before = None, 0.0

    def _add(self, event: Event) -> None:
        if isinstance(event, Started):
            self._begin(event)
        elif isinstance(event, Step):
            self._point(TRAINING, event, event.loss)
        elif isinstance(event, Eval):
            for name, value in event.metrics.items():
                self._point(name, event, value)

    def _begin(self, event: Started) -> None:
        """What an earlier life did after the step from which this one goes on was in vain."""
        for curve in self._curves.values():
            curve.cut(event.from_step)
        self._places = {step: place for step, place in self._places.items() if step <= event.from_step}
        self._before = max((seconds for _, seconds in self._places.values()), default=0.0)
        self._begun = event.time

    def _point(self, quantity: str, event: Step | Eval, value: float | None) -> None:
        if self._begun is None:
            self._begun = event.time
        if quantity not in self._curves:
            self._curves[quantity] = (Smoothed if quantity == TRAINING else Curve)(quantity, "")
        seconds = self._before + max(0.0, event.time - self._begun)
        self._places.setdefault(event.step, (event.epoch, seconds))
        self._curves[quantity].add(event.step, value)
