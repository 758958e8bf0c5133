"""Curves of a run, growing as it trains."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from tasks.base import Settings
from workbench.render.curve import Curve, Smoothed
from workbench.render.metrics import heading
from workbench.runs.events import Eval, Event, Started, Step
from workbench.runs.journal import Tail
from workbench.runs.run import Run
from workbench.runs.timeline import Timeline

TRAINING = "training loss"
_AT_ONCE = 2 << 20  # bytes of events for one look: parsing them delays no key


class NewEvents(NamedTuple):
    """Events of a run since the last look."""

    events: list[Event]
    restarted: bool  # the file is another one: what was shown no longer holds
    more: bool  # there is more to read at once


def quantity_label(quantity: str, settings: Settings | type[Settings]) -> str:
    """Return a curve's name for the chart's title."""
    return {TRAINING: TRAINING, "loss": "validation loss"}.get(quantity) or heading(quantity, settings)


class RunCurves:
    """Curves of a run by their quantity, and its timeline. ``read`` may be called on a thread, ``add`` with its result.

    Args:
        name: of every curve.
        color: a theme variable.
    """

    def __init__(self, run: Run, name: str = "", color: str = "") -> None:
        self._tail = Tail(run.events_file)
        self._name, self._color = name, color
        self.timeline = Timeline()
        self.curves: dict[str, Curve] = {}

    @property
    def metrics(self) -> list[str]:
        """Metrics with validation figures."""
        return [name for name, curve in self.curves.items() if curve.ends and name != TRAINING]

    def read(self) -> NewEvents:
        """Read what is new.

        Raises:
            OSError: the events cannot be read.
        """
        events, restarted = self._tail.read(_AT_ONCE)
        return NewEvents(events, restarted, self._tail.behind)

    def add(self, new: NewEvents) -> None:
        """Add what was read to the curves."""
        if new.restarted:
            self.timeline.clear()
            self.curves = {}
        for _, group in groupby(new.events, type):
            self._add(list(group))

    def _add(self, events: Sequence[Event]) -> None:
        """Add events of one kind, in their order."""
        if started := [event for event in events if isinstance(event, Started)]:
            for life in started:
                self.timeline.begin(life.from_step, life.time)
                for curve in self.curves.values():  # drop what an earlier life did after this step
                    curve.cut(life.from_step)
        elif steps := [event for event in events if isinstance(event, Step)]:
            self.timeline.extend(steps)
            self._curve(TRAINING).extend([step.step for step in steps], [step.loss for step in steps])
        elif evals := [event for event in events if isinstance(event, Eval)]:
            self.timeline.extend(evals)
            for name in dict.fromkeys(name for event in evals for name in event.metrics):
                if name.isprintable():  # a stranger's run may hold any name
                    self._curve(name).extend([e.step for e in evals], [e.metrics.get(name) for e in evals])

    def _curve(self, quantity: str) -> Curve:
        if quantity not in self.curves:
            self.curves[quantity] = (Smoothed if quantity == TRAINING else Curve)(self._name, self._color)
        return self.curves[quantity]
