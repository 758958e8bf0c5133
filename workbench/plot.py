"""Curves on a terminal, drawn by plotext: what the screen and the command line share. No torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from tasks.views import Series

Point = tuple[float, float]
Colour = tuple[int, int, int] | str | int
LETTERS = "·x+o#%"  # curves apart without colours
_HOURS = (1, 2, 3, 6, 12, 24, 48, 96, 168)


class Line(NamedTuple):
    """Points in the order of x, joined."""

    points: Sequence[Point]
    colour: Colour
    marker: str = "braille"


class Window(NamedTuple):
    """The stretch of both axes that is seen."""

    left: float
    right: float
    low: float
    high: float


def draw(lines: Sequence[Line], window: Window, width: int, height: int, *, colour: Colour, x_label: str = "") -> str:
    """The lines as text with ANSI colours, ``width`` cells by ``height``.

    Args:
        colour: of the axes' numbers.
        x_label: ``hours`` lets the axis be ticked at parts of days.
    """
    from plotext._figure import _figure_class as figure  # a plot of its own: plotext's functions share one

    plot = figure()
    plot.plotsize(width, height)
    plot._set_size(width, height)
    plot.canvas_color("default")
    plot.axes_color("default")
    plot.ticks_color(colour)
    plot.xaxes(True, False)
    plot.yaxes(True, False)
    plot.xlim(window.left, window.right)
    plot.ylim(window.low, window.high)
    for line in lines:
        show = plot.plot if len(line.points) > 1 else plot.scatter
        show([x for x, _ in line.points], [y for _, y in line.points], color=line.colour, marker=line.marker)
    most = max(2, width // 12)
    across = hours(window.left, window.right, most) if x_label == "hours" else []
    across = across or ticks(window.left, window.right, most, whole=True)
    plot.xticks(across, [short(x) for x in across])
    up = ticks(window.low, window.high, max(3, height // 3))
    plot.yticks(up, [short(y) for y in up])
    return str(plot.build())


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


def hours(low: float, high: float, most: int) -> list[float]:
    """At most ``most`` round hours from ``low`` to ``high``: parts of days, or days."""
    if most < 2 or not 2 <= high - low < math.inf:
        return []
    step = next((step for step in _HOURS if (high - low) / step < most), 0)
    if not step:
        return []
    return [float(hour) for hour in range(math.ceil(low / step) * step, math.floor(high) + 1, step)]


def ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """At most ``most`` round numbers from ``low`` to ``high``."""
    span = high - low
    if most < 2 or span <= 0 or not math.isfinite(span):
        return [low]
    step = 10.0 ** math.floor(math.log10(span / most))
    for factor in (1, 2, 5, 10, 20):
        if span / (step * factor) < most:
            step *= factor
            break
    if whole:
        step = max(1.0, step)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)] or [low]


def short(value: float) -> str:
    """A number beside an axis: ``0.85``, ``1,200``, ``15k``, ``2M``."""
    for size, letter in ((1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if letter == 'k' else size):g}{letter}"
    if value and abs(value) < 1e-3:
        return f"{value:.0e}"
    return f"{value:,.0f}" if value == round(value) and abs(value) >= 10 else f"{value:.4g}"
