"""How the charts of a run are looked at: which stretch, over what, how smooth, and where a person points."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from workbench.tui.run.timeline import AXES, Axis, Timeline
from workbench.tui.widgets.curve import USUAL

_WEIGHTS = (0.0, 0.5, 0.8, USUAL, 0.95, 0.98, 0.99, 0.995, 0.999)
_FEWEST = 3  # measured steps in the narrowest stretch


class Lens(NamedTuple):
    """Places are steps, whatever the axis; ``None`` for an edge: from the beginning, up to the newest."""

    axis: Axis = "step"
    log: bool = False
    smoothing: float = USUAL
    left: float | None = None
    right: float | None = None
    cursor: float | None = None
    mark: float | None = None  # the evaluation that is shown, where it is not the newest

    @property
    def zoomed(self) -> bool:
        return self.left is not None or self.right is not None


def edges(lens: Lens, timeline: Timeline) -> tuple[float, float]:
    """The first and the last step that are seen."""
    left = _beginning(timeline) if lens.left is None else min(lens.left, timeline.last)
    right = timeline.last if lens.right is None else min(lens.right, timeline.last)
    return left, right


def magnified(lens: Lens, timeline: Timeline) -> int:
    """How many times the whole is as long as what is seen."""
    left, right = edges(lens, timeline)
    return round((timeline.last - _beginning(timeline)) / max(right - left, 1e-9))


def _beginning(timeline: Timeline) -> float:
    """Nothing, unless the first figures that are known are from far into the run."""
    return 0.0 if timeline.first < timeline.last / 4 else timeline.first


def _log(lens: Lens, timeline: Timeline, columns: int) -> Lens:
    return lens._replace(log=not lens.log)


def _axis(lens: Lens, timeline: Timeline, columns: int) -> Lens:
    return lens._replace(axis=AXES[(AXES.index(lens.axis) + 1) % len(AXES)])


def _smoother(lens: Lens, timeline: Timeline, columns: int) -> Lens:
    return lens._replace(smoothing=next((w for w in _WEIGHTS if w > lens.smoothing), lens.smoothing))


def _rougher(lens: Lens, timeline: Timeline, columns: int) -> Lens:
    return lens._replace(smoothing=next((w for w in reversed(_WEIGHTS) if w < lens.smoothing), lens.smoothing))


def _in(lens: Lens, timeline: Timeline, columns: int) -> Lens:
    """Half of what is seen: around the cursor, or up to the newest."""
    left, right = edges(lens, timeline)
    half = (right - left) / 2
    middle = right - half / 2 if lens.cursor is None else min(max(lens.cursor, left + half / 2), right - half / 2)
    narrower = _stretch(lens, timeline, middle, half)
    return narrower if timeline.within(*edges(narrower, timeline)) >= _FEWEST else lens


def _out(lens: Lens, timeline: Timeline, columns: int) -> Lens:
    left, right = edges(lens, timeline)
    return _stretch(lens, timeline, (left + right) / 2, 2 * (right - left))


def _all(lens: Lens, timeline: Timeline, columns: int) -> Lens:
    return lens._replace(left=None, right=None)


def _stretch(lens: Lens, timeline: Timeline, middle: float, width: float) -> Lens:
    """So much around a place; an edge that meets an end of the run stays with it."""
    begin, end = _beginning(timeline), timeline.last
    left = max(begin, min(middle - width / 2, end - width))
    right = left + width
    return lens._replace(left=left if left > begin else None, right=right if right < end - 1e-9 else None)


def _cursor(lens: Lens, timeline: Timeline, columns: int) -> Lens:
    """Put the cursor on the newest of what is seen, or away."""
    return lens._replace(cursor=timeline.beside(edges(lens, timeline)[1], 0) if lens.cursor is None else None)


def _moved(by: int) -> Callable[[Lens, Timeline, int], Lens]:
    """The cursor so many columns to the right, to a measured step; what is seen follows it."""

    def moved(lens: Lens, timeline: Timeline, columns: int) -> Lens:
        if lens.cursor is None:
            return _cursor(lens, timeline, columns)
        left, right = edges(lens, timeline)
        column = (timeline.at(lens.axis, right) - timeline.at(lens.axis, left)) / max(1, columns)
        step = timeline.step(lens.axis, timeline.at(lens.axis, lens.cursor) + by * column)
        if (step - lens.cursor) * by <= 0:
            step = timeline.beside(lens.cursor, 1 if by > 0 else -1)
        if lens.zoomed and not left <= step <= right:
            lens = _stretch(lens, timeline, step, right - left)
        return lens._replace(cursor=step)

    return moved


CHANGES: dict[str, Callable[[Lens, Timeline, int], Lens]] = {
    "smoother": _smoother,
    "rougher": _rougher,
    "log": _log,
    "axis": _axis,
    "in": _in,
    "out": _out,
    "all": _all,
    "cursor": _cursor,
    "left": _moved(-1),
    "right": _moved(1),
    "far left": _moved(-10),
    "far right": _moved(10),
}
