"""Axis that several runs share: their measured places on it, merged. No widget."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.runs.timeline import Axis, Timeline


class CommonAxis:
    """Positions of several runs on one axis: steps, epochs or seconds of training, whichever is chosen.

    A step of one run is another's epoch 3 or 30, so that a position is a place on the axis, not a step.
    """

    def __init__(self, timelines: Sequence[Timeline]) -> None:
        self._timelines = timelines
        self.axis: Axis = "step"

    @property
    def first(self) -> float:
        return min(line.at(self.axis, line.first) for line in self._timelines)

    @property
    def last(self) -> float:
        return max(line.at(self.axis, line.last) for line in self._timelines)

    def at(self, axis: Axis, place: float) -> float:
        return place

    def step(self, axis: Axis, place: float) -> float:
        return min(self._around(place), key=lambda measured: abs(measured - place))

    def neighbour(self, place: float, by: int) -> float:
        around = self._around(place)
        if by > 0:
            return min((measured for measured in around if measured > place), default=max(around))
        before = [measured for measured in around if measured < place or (by == 0 and measured == place)]
        return max(before, default=min(around))

    def count(self, left: float, right: float) -> int:
        """Return the number of measured places between two, in the run that has most of them."""
        return max(self._count(line, left, right) for line in self._timelines)

    def _count(self, line: Timeline, left: float, right: float) -> int:
        ends = line.step(self.axis, left), line.step(self.axis, right)
        begins, ended = (line.at(self.axis, step) for step in ends)
        return line.count(*ends) - (begins < left) - (ended > right)

    def _around(self, place: float) -> list[float]:
        """Return the measured places of every run that are nearest to a place, on either side of it."""
        nearest = [(line, line.step(self.axis, place)) for line in self._timelines]
        return [line.at(self.axis, line.neighbour(step, by)) for line, step in nearest for by in (-1, 0, 1)]


def step_before(line: Timeline, axis: Axis, place: float) -> float | None:
    """Return the last measured step of a run that is not after a place on an axis; ``None`` before its first."""
    step = line.step(axis, place)
    if line.at(axis, step) > place:
        step = line.neighbour(step, -1)
    return step if line.at(axis, step) <= place else None
