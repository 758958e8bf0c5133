"""View of charts: visible steps, x axis, y scale, smoothing, cursor and marked evaluation; no widget."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from workbench.render.curve import DEFAULT_SMOOTHING
from workbench.runs.timeline import Axis, next_axis

_WEIGHTS = (0.0, 0.5, 0.8, DEFAULT_SMOOTHING, 0.95, 0.98, 0.99, 0.995, 0.999)
_FEWEST = 3  # measured steps in the narrowest range


class Positions(Protocol):
    """Measured positions in their order, as a ``Timeline`` has them of one run: there a position is a step."""

    @property
    def first(self) -> float:
        """The first measured position."""

    @property
    def last(self) -> float:
        """The last measured position; 0 before the first."""

    def at(self, axis: Axis, step: float, /) -> float:
        """Return a position's place on an axis."""

    def step(self, axis: Axis, place: float, /) -> float:
        """Return the measured position nearest to a place on an axis."""

    def neighbour(self, step: float, by: int, /) -> float:
        """Return the measured position after another (1), before it (-1), or at or before it (0)."""

    def count(self, left: float, right: float, /) -> int:
        """Return the number of measured positions between two."""


class ViewRange(NamedTuple):
    """Immutable view. Positions are those of the chart's ``Positions``: of one run steps, whatever the axis.

    An edge of ``None``: the first position, the newest one.
    """

    axis: Axis = "step"
    log: bool = False
    smoothing: float = DEFAULT_SMOOTHING
    left: float | None = None
    right: float | None = None
    cursor: float | None = None
    mark: float | None = None  # the evaluation that is shown, where it is not the newest

    @property
    def zoomed(self) -> bool:
        return self.left is not None or self.right is not None


def visible_steps(view: ViewRange, timeline: Positions) -> tuple[float, float]:
    """Return the first and the last visible step."""
    left = _first_step(timeline) if view.left is None else min(view.left, timeline.last)
    right = timeline.last if view.right is None else min(view.right, timeline.last)
    return left, right


def magnification(view: ViewRange, timeline: Positions) -> int:
    """Return the length of the whole run as a multiple of the visible range."""
    left, right = visible_steps(view, timeline)
    return round((timeline.last - _first_step(timeline)) / max(right - left, 1e-9))


def _first_step(timeline: Positions) -> float:
    """Return 0, or the first measured step where it is far into the run."""
    return 0.0 if timeline.first < timeline.last / 4 else timeline.first


def _toggle_log(view: ViewRange, timeline: Positions, columns: int) -> ViewRange:
    return view._replace(log=not view.log)


def _switch_axis(view: ViewRange, timeline: Positions, columns: int) -> ViewRange:
    return view._replace(axis=next_axis(view.axis))


def _smoother(view: ViewRange, timeline: Positions, columns: int) -> ViewRange:
    return view._replace(smoothing=next((w for w in _WEIGHTS if w > view.smoothing), view.smoothing))


def _rougher(view: ViewRange, timeline: Positions, columns: int) -> ViewRange:
    return view._replace(smoothing=next((w for w in reversed(_WEIGHTS) if w < view.smoothing), view.smoothing))


def _zoom_in(view: ViewRange, timeline: Positions, columns: int) -> ViewRange:
    """Show half of the visible range: around the cursor, or up to the newest step."""
    left, right = visible_steps(view, timeline)
    half = (right - left) / 2
    middle = right - half / 2 if view.cursor is None else min(max(view.cursor, left + half / 2), right - half / 2)
    narrower = _with_range(view, timeline, middle, half)
    return narrower if timeline.count(*visible_steps(narrower, timeline)) >= _FEWEST else view


def _zoom_out(view: ViewRange, timeline: Positions, columns: int) -> ViewRange:
    left, right = visible_steps(view, timeline)
    return _with_range(view, timeline, (left + right) / 2, 2 * (right - left))


def _whole_run(view: ViewRange, timeline: Positions, columns: int) -> ViewRange:
    return view._replace(left=None, right=None)


def _with_range(view: ViewRange, timeline: Positions, middle: float, width: float) -> ViewRange:
    """Return the view of ``width`` steps around a step; an edge that meets an end of the run stays with it."""
    begin, end = _first_step(timeline), timeline.last
    left = max(begin, min(middle - width / 2, end - width))
    right = left + width
    return view._replace(left=left if left > begin else None, right=right if right < end - 1e-9 else None)


def _toggle_cursor(view: ViewRange, timeline: Positions, columns: int) -> ViewRange:
    """Put the cursor on the newest visible step, or remove it."""
    newest = timeline.neighbour(visible_steps(view, timeline)[1], 0)
    return view._replace(cursor=newest if view.cursor is None else None)


def _move_cursor(by: int) -> Callable[[ViewRange, Positions, int], ViewRange]:
    """Return the action that moves the cursor ``by`` columns to a measured step; the visible range follows it."""

    def move(view: ViewRange, timeline: Positions, columns: int) -> ViewRange:
        if view.cursor is None:
            return _toggle_cursor(view, timeline, columns)
        left, right = visible_steps(view, timeline)
        column = (timeline.at(view.axis, right) - timeline.at(view.axis, left)) / max(1, columns)
        step = timeline.step(view.axis, timeline.at(view.axis, view.cursor) + by * column)
        if (step - view.cursor) * by <= 0:
            step = timeline.neighbour(view.cursor, 1 if by > 0 else -1)
        if view.zoomed and not left <= step <= right:
            view = _with_range(view, timeline, step, right - left)
        return view._replace(cursor=step)

    return move


# by the names that the table of keys gives them; each takes the view, the timeline, and a chart's columns
VIEW_ACTIONS: dict[str, Callable[[ViewRange, Positions, int], ViewRange]] = {
    "smoother": _smoother,
    "rougher": _rougher,
    "log": _toggle_log,
    "axis": _switch_axis,
    "in": _zoom_in,
    "out": _zoom_out,
    "all": _whole_run,
    "cursor": _toggle_cursor,
    "left": _move_cursor(-1),
    "right": _move_cursor(1),
    "far left": _move_cursor(-10),
    "far right": _move_cursor(10),
}
