"""Curves on a terminal, drawn by plotext; the screen and the command line share it. No torch."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from rich.color import ANSI_COLOR_NAMES
from rich.text import Text

from tasks.views import Series
from workbench.render.axes import clock, hours, powers, seconds, short, ticks

Point = tuple[float, float]
PlotColor = tuple[int, int, int] | str  # red, green, blue, or Rich's name of one of a terminal's 16 colors
BRAILLE = "braille"
LETTERS = "·x+o#%"  # markers of curves where colors do not tell them apart


class PlotCurve(NamedTuple):
    """Points in the order of x, joined by braille dots, or by a letter in each cell."""

    points: Sequence[Point]
    color: PlotColor
    marker: str = BRAILLE


class PlotWindow(NamedTuple):
    """Visible range of both axes."""

    left: float
    right: float
    low: float
    high: float


def draw(
    curves: Sequence[PlotCurve],
    window: PlotWindow,
    width: int,
    height: int,
    *,
    color: PlotColor,
    x_label: str = "",
    log: bool = False,
) -> list[Text]:
    """Draw curves and axes into ``height`` rows of ``width`` cells; a later curve covers an earlier one.

    Args:
        color: of the axes' numbers.
        x_label: ``hours`` and ``seconds`` are ticked at round parts of days, ``epochs`` at parts of epochs.
        log: y values are logarithms to base ten; the axis shows the numbers themselves.
    """
    import plotext as plot  # its public functions draw into one shared figure: it is emptied first

    plot.clear_figure()
    plot.limit_size(False, False)  # the size is the caller's, not the terminal's
    plot.plot_size(width, height)
    plot.canvas_color("default")
    plot.axes_color("default")
    plot.ticks_color(_plotext_color(color))
    plot.xaxes(True, False)
    plot.yaxes(True, False)
    plot.xlim(window.left, window.right)
    plot.ylim(window.low, window.high)
    for curve in curves:
        xs, ys = [x for x, _ in curve.points], [y for _, y in curve.points]
        add = plot.plot if len(xs) > 1 else plot.scatter
        add(xs, ys, color=_plotext_color(curve.color), marker=curve.marker)
    x_ticks, x_format = _x_ticks(window, max(2, width // 12), x_label)
    plot.xticks(x_ticks, [x_format(x) for x in x_ticks])
    y_ticks = (powers if log else ticks)(window.low, window.high, max(3, height // 3))
    plot.yticks(y_ticks, [short(10.0**y if log else y) for y in y_ticks])
    rows = Text.from_ansi(str(plot.build()).rstrip("\n"), no_wrap=True, overflow="crop")
    return list(rows.split("\n", allow_blank=True))


def _plotext_color(color: PlotColor) -> tuple[int, int, int] | int | str:
    """Return a color as plotext takes it: its names of a terminal's 16 colors differ from Rich's."""
    return ANSI_COLOR_NAMES.get(color, "default") if isinstance(color, str) else color


def letters(curves: Sequence[tuple[str, PlotColor, Sequence[Point]]], window: PlotWindow) -> list[PlotCurve]:
    """Return the letters on curves: on the last visible point of each, and in each third of the axis.

    Curves that cover one another have their letters at other places.

    Args:
        curves: letter, color and points of each.
    """
    drawn = []
    for index, (letter, color, points) in enumerate(curves):
        visible = [point for point in points if window.left <= point[0] <= window.right]
        at_letters = visible[-1:]
        for third in range(3):
            x = window.left + (window.right - window.left) * (third + (index + 0.5) / len(curves)) / 3
            at = bisect_left(visible, (x, float("-inf")))
            at_letters += visible[at : at + 1]
        drawn += [PlotCurve([point], color, letter) for point in at_letters]
    return drawn


def text(rows: Iterable[Text]) -> Text:
    """Join rows to one text, one line each."""
    return Text("\n", no_wrap=True, overflow="crop").join(rows)


def _x_ticks(window: PlotWindow, most: int, x_label: str) -> tuple[list[float], Callable[[float], str]]:
    """Return the x axis' ticks and the function that formats their numbers."""
    of_unit = {"hours": hours, "seconds": seconds, "epochs": ticks}.get(x_label)
    at = of_unit(window.left, window.right, most) if of_unit else []
    at = at or ticks(window.left, window.right, most, whole=True)
    return at, clock if x_label == "seconds" else short


def segments(series: Series, name: str) -> list[list[Point]]:
    """Return a curve's unbroken segments; ``None`` and values that are not finite are gaps."""
    return unbroken(series.x, series.curves[name])


def unbroken(xs: Iterable[float], ys: Iterable[float | None]) -> list[list[Point]]:
    """Return the unbroken segments of points; ``None`` and values that are not finite are gaps."""
    stretches: list[list[Point]] = [[]]
    for x, y in zip(xs, ys, strict=False):
        if y is not None and math.isfinite(x) and math.isfinite(y):
            stretches[-1].append((x, y))
        elif stretches[-1]:
            stretches.append([])
    return [stretch for stretch in stretches if stretch]


def series_window(series: Series) -> PlotWindow | None:
    """Return the window of all curves with a margin above and below; ``None`` where there is no point."""
    return window_of([segment for name in series.curves for segment in segments(series, name)])


def window_of(stretches: Iterable[Sequence[Point]]) -> PlotWindow | None:
    """Return the window of segments with a margin above and below; ``None`` where there is no point."""
    points = [point for segment in stretches for point in segment]
    if not points:
        return None
    xs, ys = zip(*points, strict=True)
    margin = (max(ys) - min(ys)) * 0.05 or max(abs(max(ys)) * 0.05, 0.5)
    left, right = min(xs), max(xs)
    return PlotWindow(left, right if right > left else left + 1.0, min(ys) - margin, max(ys) + margin)


def series_curves(series: Series, style: Callable[[int], tuple[PlotColor, str]]) -> list[PlotCurve]:
    """Return a view's curves, segment by segment, the first one last: it is drawn over the others.

    Args:
        style: color and marker of the curve with an index.
    """
    curves = [
        PlotCurve(points, *style(index))
        for index, name in enumerate(series.curves)
        for points in segments(series, name)
    ]
    return curves[::-1]
