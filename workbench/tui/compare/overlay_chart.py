"""Chart of several runs' curves over one another: each in its color, with its run's letter on it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.text import Text

from workbench.render import plot
from workbench.render.curve import thin
from workbench.render.plot import PlotCurve, PlotWindow, Point
from workbench.tui import glyphs
from workbench.tui.color import plot_color
from workbench.tui.widgets.static_plot import StaticPlot

_EDGE = 8  # columns for the numbers beside a chart


class LabelledCurve(NamedTuple):
    """Curve of one run, named by its letter. The color is a theme variable."""

    letter: str
    color: str
    points: Sequence[Point]


class OverlayChart(StaticPlot):
    """All curves in one chart."""

    EMPTY = "nothing measured yet"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._curves: list[LabelledCurve] = []

    def show(self, curves: Sequence[LabelledCurve], title: str, unit: str) -> None:
        """Draw curves; ``unit`` names the unit of the x axis below."""
        self._curves = [curve for curve in curves if curve.points]
        self.border_title, self.border_subtitle = title, unit
        self.redraw()

    def draw(self, width: int, height: int) -> Text | None:
        if not self._curves:
            return None
        window = self._window()
        curves, letters = [], []
        for index, curve in enumerate(self._curves):
            color = plot_color(self.app, curve.color)
            marker = curve.letter if glyphs.lettered(self.app) else plot.BRAILLE
            curves.append(PlotCurve(thin(list(curve.points), max(1, width - _EDGE)), color, marker))
            letters += [PlotCurve([point], color, curve.letter) for point in self._letter_points(index, window)]
        curves.reverse()  # the first one is drawn over the others, and letters over all
        axes = plot_color(self.app, "foreground", 0.7)
        return plot.text(plot.draw([*curves, *letters], window, width, height, color=axes))

    def _letter_points(self, index: int, window: PlotWindow) -> list[Point]:
        """Return the points of a curve that bear its letter: the last, and one in each third of the axis."""
        points, count = self._curves[index].points, len(self._curves)
        at_letters = [points[-1]]
        for third in range(3):
            x = window.left + (window.right - window.left) * (third + (index + 0.5) / count) / 3
            at = bisect_left(points, (x, float("-inf")))
            if at < len(points):
                at_letters.append(points[at])
        return at_letters

    def _window(self) -> PlotWindow:
        xs = [x for curve in self._curves for x in (curve.points[0][0], curve.points[-1][0])]
        ys = [y for curve in self._curves for _, y in curve.points]
        margin = max((max(ys) - min(ys)) * 0.05, abs(max(ys)) * 0.02) or 1.0
        return PlotWindow(min(0.0, *xs), max(xs) or 1.0, min(ys) - margin, max(ys) + margin)
