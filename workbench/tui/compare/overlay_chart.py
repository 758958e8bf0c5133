"""Chart of several runs' curves over one another: each in its color, with its run's letter on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from workbench.render import format, plot
from workbench.render.curve import Curve
from workbench.render.plot import PlotCurve, PlotWindow, Point
from workbench.runs.timeline import Timeline
from workbench.tui import glyphs
from workbench.tui.color import plot_color
from workbench.tui.compare.common_axis import CommonAxis, step_before
from workbench.tui.widgets.chart import CURSOR, Chart
from workbench.tui.widgets.view_range import VIEW_ACTIONS

_BRIEF_DIGITS = 2


class OverlayChart(Chart):
    """All runs' curves of one quantity in one chart. A curve's name is its run's letter.

    Args:
        timelines: of the runs.
    """

    def __init__(self, timelines: Sequence[Timeline], **kwargs: Any) -> None:
        self._common = CommonAxis(timelines)
        super().__init__("", [], timeline=self._common, **kwargs)
        self._timelines: dict[Curve, Timeline] = {}

    def show_runs(self, title: str, curves: Mapping[Curve, Timeline], *, digits: int, logs: bool) -> None:
        """Draw a quantity's curves, each with its run's timeline; at once where they are other ones, else soon."""
        self._timelines = dict(curves)
        ordered = list(curves)[::-1]  # the first one is drawn over the others
        if (title, ordered) == (self.title, self.curves):
            self.changed()
        else:
            self.show_curves(title, ordered, digits=digits, logs=logs)

    def change_view(self, action: str) -> None:
        """Change the view by one of ``VIEW_ACTIONS``, at once; zoom and cursor do not outlive a change of the axis."""
        view = VIEW_ACTIONS[action](self.view, self._common, self.columns)
        if view.axis != self.view.axis:
            view = view._replace(left=None, right=None, cursor=None)
            self._common.axis = view.axis
        self.set_view(view)

    def _names(self, *, brief: bool) -> list[tuple[str, str]]:
        return [(self.title, "bold")]

    def _values(self, *, brief: bool) -> list[tuple[str, str]]:
        """Return each run's last value; with a cursor the one at its place, none past the run's end."""
        position = self._common.last if self.view.cursor is None else self.view.cursor
        values = []
        for curve in reversed(self.curves):
            beyond = position > self._last_place(curve)
            at = None if beyond and self.view.cursor is not None else self._value_at(curve, position)
            figure = format.number(at[1], _BRIEF_DIGITS if brief else self._digits) if at else "–"
            values.append((f"{curve.name} {figure}", f"${curve.color}"))
        return values

    def _last_place(self, curve: Curve) -> float:
        line = self._timelines[curve]
        return line.at(self.view.axis, line.last)

    def _value_at(self, curve: Curve, position: float) -> Point | None:
        step = step_before(self._timelines[curve], self.view.axis, position)
        return None if step is None else curve.at(step, self.view.smoothing)

    def _visible_points(self, curve: Curve, left: float, right: float) -> list[Point]:
        line, axis = self._timelines[curve], self.view.axis
        begin, end = line.step(axis, left), line.step(axis, right)
        points = curve.visible_points(begin, end, self.columns, self.view.smoothing)
        return [(line.at(axis, x), y) for x, y in points]

    def _labels(self, points_of: dict[Curve, list[Point]], window: PlotWindow) -> list[PlotCurve]:
        """Return the letters on each curve."""
        every = [(curve.name, plot_color(self.app, curve.color), points) for curve, points in points_of.items()]
        return plot.letters(every[::-1], window)

    def _marker(self, curve: Curve) -> str:
        return curve.name if glyphs.lettered(self.app) else plot.BRAILLE

    def _cursor_line(self, width: int) -> Text:
        place = self.view.cursor or 0.0
        words = {"step": f"step {place:,.0f}", "epoch": f"epoch {place:.2f}", "time": f"after {format.duration(place)}"}
        line = f"{CURSOR} {words[self.view.axis]}"
        return Text(line[:width].ljust(width), self._cursor_style())
