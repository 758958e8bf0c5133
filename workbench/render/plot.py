"""Curves on a terminal, drawn by plotext: what the screen and the command line share. No torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from rich.color import ANSI_COLOR_NAMES
from rich.text import Text

from tasks.views import Series
from workbench.render.axes import clock, hours, powers, seconds, short, ticks

Point = tuple[float, float]
Colour = tuple[int, int, int] | str
BRAILLE = "braille"
LETTERS = "·x+o#%"  # curves apart without colours


class Line(NamedTuple):
    """Points in the order of x, joined by dots, or by a letter in each cell."""

    points: Sequence[Point]
    colour: Colour
    marker: str = BRAILLE


class Window(NamedTuple):
    """The stretch of both axes that is seen."""

    left: float
    right: float
    low: float
    high: float


def draw(
    lines: Sequence[Line],
    window: Window,
    width: int,
    height: int,
    *,
    colour: Colour,
    x_label: str = "",
    log: bool = False,
) -> list[Text]:
    """The lines and their axes in rows of ``width`` cells, ``height`` of them; a later line covers an earlier one.

    Args:
        colour: of the axes' numbers.
        x_label: ``hours`` and ``seconds`` are ticked at round parts of days, ``epochs`` at parts of them too.
        log: heights are logarithms to base ten; their axis tells the numbers themselves.
    """
    from plotext._figure import _figure_class as figure  # a plot of its own: plotext's functions share one

    plot = figure()
    plot.plotsize(width, height)
    plot._set_size(width, height)
    plot.canvas_color("default")
    plot.axes_color("default")
    plot.ticks_color(_named(colour))
    plot.xaxes(True, False)
    plot.yaxes(True, False)
    plot.xlim(window.left, window.right)
    plot.ylim(window.low, window.high)
    for line in lines:
        show = plot.plot if len(line.points) > 1 else plot.scatter
        show([x for x, _ in line.points], [y for _, y in line.points], color=_named(line.colour), marker=line.marker)
    across, written = _across(window, max(2, width // 12), x_label)
    plot.xticks(across, [written(x) for x in across])
    up = (powers if log else ticks)(window.low, window.high, max(3, height // 3))
    plot.yticks(up, [short(10.0**y if log else y) for y in up])
    return list(
        Text.from_ansi(str(plot.build()).rstrip("\n"), no_wrap=True, overflow="crop").split("\n", allow_blank=True)
    )


def _named(colour: Colour) -> tuple[int, int, int] | int | str:
    """A colour as plotext takes it: it has other names than Rich for a terminal's sixteen."""
    return ANSI_COLOR_NAMES.get(colour, "default") if isinstance(colour, str) else colour


def text(rows: Iterable[Text]) -> Text:
    """Rows as one text, a line each."""
    return Text("\n", no_wrap=True, overflow="crop").join(rows)


def _across(window: Window, most: int, x_label: str) -> tuple[list[float], Callable[[float], str]]:
    """Where the axis below is ticked, and how its numbers are written."""
    round_ones = {"hours": hours, "seconds": seconds, "epochs": ticks}.get(x_label)
    found = round_ones(window.left, window.right, most) if round_ones else []
    found = found or ticks(window.left, window.right, most, whole=True)
    return found, clock if x_label == "seconds" else short


def segments(series: Series, name: str) -> list[list[Point]]:
    """A curve's unbroken stretches; ``None``, and what is no finite number, is a gap."""
    found: list[list[Point]] = [[]]
    for x, y in zip(series.x, series.curves[name], strict=False):
        if y is not None and math.isfinite(x) and math.isfinite(y):
            found[-1].append((x, y))
        elif found[-1]:
            found.append([])
    return [stretch for stretch in found if stretch]


def around(series: Series) -> Window | None:
    """The window that holds every curve, with a little room above and below; ``None`` where there is no point."""
    points = [point for name in series.curves for stretch in segments(series, name) for point in stretch]
    if not points:
        return None
    xs, ys = zip(*points, strict=True)
    room = (max(ys) - min(ys)) * 0.05 or max(abs(max(ys)) * 0.05, 0.5)
    left, right = min(xs), max(xs)
    return Window(left, right if right > left else left + 1.0, min(ys) - room, max(ys) + room)
