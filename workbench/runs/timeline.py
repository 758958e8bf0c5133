"""Steps of a run mapped to epochs and to seconds of training. No torch."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from operator import attrgetter
from typing import Literal

from workbench.runs.events import Eval, Step

Axis = Literal["step", "epoch", "time"]
_STEP, _EPOCH = attrgetter("step"), attrgetter("epoch")
AXES: tuple[Axis, ...] = ("step", "epoch", "time")


def next_axis(axis: Axis) -> Axis:
    """Return the axis after another one, the first after the last."""
    return AXES[(AXES.index(axis) + 1) % len(AXES)]


class Timeline:
    """Measured steps in their order, with their epochs and seconds; pauses between a run's lives do not count."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        # every run begins at step 0, epoch 0, second 0
        self._steps, self._epochs, self._seconds = array("d", [0.0]), array("d", [0.0]), array("d", [0.0])
        self._since: float | None = None  # Unix time at which second 0 would have been, without the pauses

    def begin(self, from_step: float, time: float) -> None:
        """Begin a life of the run: drop what an earlier one did after ``from_step``."""
        count = max(1, bisect_right(self._steps, from_step))
        del self._steps[count:], self._epochs[count:], self._seconds[count:]
        self._since = time - self._seconds[-1]

    def extend(self, events: Sequence[Step | Eval]) -> None:
        """Add steps in their order; those that are not after the last one are skipped."""
        while events and events[0].step <= self._steps[-1]:
            events = events[1:]
        if not events:
            return
        if self._since is None:
            self._since = events[0].time
        since = self._since
        self._steps.extend(map(_STEP, events))
        self._epochs.extend(map(_EPOCH, events))
        seconds = [event.time - since for event in events]
        if seconds[0] < self._seconds[-1] or seconds != sorted(seconds):  # the machine's clock was set back
            seconds = list(accumulate([self._seconds[-1], *seconds], max))[1:]
        self._seconds.extend(seconds)

    @property
    def first(self) -> float:
        """The first measured step."""
        return self._steps[min(1, len(self._steps) - 1)]

    @property
    def last(self) -> float:
        """The last measured step; 0 before the first."""
        return self._steps[-1]

    def at(self, axis: Axis, step: float) -> float:
        """Return a step's place on an axis, interpolated between measured steps."""
        if axis == "step":
            return step
        places = self._epochs if axis == "epoch" else self._seconds
        after = bisect_left(self._steps, step)
        if after == len(self._steps):
            return places[-1]
        if after == 0 or self._steps[after] == step:
            return places[after]
        low, high = self._steps[after - 1], self._steps[after]
        return places[after - 1] + (step - low) / (high - low) * (places[after] - places[after - 1])

    def step(self, axis: Axis, place: float) -> float:
        """Return the measured step nearest to a place on an axis."""
        places = {"step": self._steps, "epoch": self._epochs, "time": self._seconds}[axis]
        last = len(places) - 1
        after = min(max(1, bisect_left(places, place)), last)
        before = min(max(1, after - 1), last)
        return self._steps[before if place - places[before] < places[after] - place else after]

    def neighbour(self, step: float, by: int) -> float:
        """Return the measured step after another (1), before it (-1), or at or before it (0)."""
        index = bisect_left(self._steps, step) - 1 if by < 0 else bisect_right(self._steps, step) - (by == 0)
        return self._steps[min(max(index, 1), len(self._steps) - 1)]

    def count(self, left: float, right: float) -> int:
        """Return the number of measured steps between two."""
        return bisect_right(self._steps, right) - bisect_left(self._steps, left)
