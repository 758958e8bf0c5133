"""Norms of the gradient by distance on a logarithmic axis, for the screen and the command line. No torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from workbench.render import plot
from workbench.render.plot import PlotColor, PlotCurve, PlotWindow, Point
from workbench.render.series_chart import HEIGHT, chart_width, curve_style, in_color
from workbench.render.text import printable

X_LABEL = "steps before the end"
LEVEL = "┄"  # marker of a bound


class NormCurve(NamedTuple):
    """Norms by distance under a name. A zero, which underflowed, has no logarithm: it is a gap."""

    name: str
    distances: Sequence[int]
    norms: Sequence[float | None]
    is_bound: bool = False  # it is drawn as far as the measured norms go

    @property
    def segments(self) -> list[list[Point]]:
        """Unbroken segments of the norms' logarithms to base ten."""
        return plot.unbroken(self.distances, [math.log10(norm) if norm and norm > 0 else None for norm in self.norms])


def window(curves: Sequence[NormCurve]) -> PlotWindow | None:
    """Return the window of the measured curves; ``None`` where no norm is above zero."""
    return plot.window_of([segment for curve in curves if not curve.is_bound for segment in curve.segments])


def plot_curves(
    curves: Sequence[NormCurve], view: PlotWindow, style: Callable[[int], tuple[PlotColor, str]]
) -> list[PlotCurve]:
    """Return the curves segment by segment, the first one last: it is drawn over the others.

    Args:
        style: color and marker of the curve with an index.
    """
    drawn = [
        PlotCurve(points, *style(index))
        for index, curve in enumerate(curves)
        for segment in curve.segments
        for points in ([*_within(segment, view)] if curve.is_bound else segment,)
        if points
    ]
    return drawn[::-1]


def _within(points: Sequence[Point], view: PlotWindow) -> Iterator[Point]:
    return ((x, y) for x, y in points if view.low <= y <= view.high)


class PrintedGradients:
    """Curves as a Rich renderable: legend, chart, and the axis' unit."""

    def __init__(self, curves: Sequence[NormCurve]) -> None:
        self._curves = curves

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        view = window(self._curves)
        if view is None:
            yield Text("The gradient is zero everywhere: there is nothing to draw.", "dim")
            return
        colored = in_color(console)

        def style(index: int) -> tuple[str, str]:
            if self._curves[index].is_bound:
                return "default", plot.BRAILLE if colored else LEVEL
            return curve_style(index, colored=colored)

        legend = Text()
        for index, curve in enumerate(self._curves):
            color, marker = style(index)
            sign = LEVEL if curve.is_bound else "━" if colored else marker
            legend.append(f"{sign} {printable(curve.name)}   ", color)
        yield legend
        width = chart_width(console, options)
        rows = plot.draw(plot_curves(self._curves, view, style), view, width, HEIGHT, color="default", log=True)
        yield plot.text(rows)
        yield Text(X_LABEL.center(width).rstrip(), "dim")
