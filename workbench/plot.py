"""Curves on a terminal, in braille dots: what the screen and the command line share. No torch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from rich.style import Style
from rich.text import Text

from tasks.views import Series
from workbench.axes import clock, hours, powers, seconds, short, ticks

Point = tuple[float, float]
Colour = tuple[int, int, int] | str
BRAILLE = "braille"
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a braille letter: by row, by column
_BLANK = 0x2800
_UP, _UP_TICK, _CORNER, _ALONG, _ALONG_TICK = "│┤└─┬"


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


class Piece(NamedTuple):
    """Cells of a row in one colour; an empty one is the terminal's own."""

    text: str
    colour: Colour


def draw(
    lines: Sequence[Line],
    window: Window,
    width: int,
    height: int,
    *,
    colour: Colour,
    x_label: str = "",
    log: bool = False,
) -> list[list[Piece]]:
    """The lines and their axes in rows of ``width`` cells, ``height`` of them; a later line covers an earlier one.

    Args:
        colour: of the axes and their numbers.
        x_label: ``hours`` and ``seconds`` are ticked at round parts of days, ``epochs`` at parts of them too.
        log: heights are logarithms to base ten; their axis tells the numbers themselves.
    """
    rows = max(1, height - 2)
    up = (powers if log else ticks)(window.low, window.high, max(4, height // 3))
    marks = {rows - 1 - round(_share(y, window.low, window.high) * (rows - 1)): y for y in up}
    labels = {row: short(10.0**y if log else y) for row, y in marks.items()}
    edge = max(map(len, labels.values()), default=0)
    columns = width - edge - 1
    if columns < 2 or height < 3:
        return [[] for _ in range(height)]
    canvas = _Canvas(columns, rows, window)
    for line in lines:
        canvas.add(line)
    drawn = [
        [Piece(labels.get(row, "").rjust(edge) + (_UP_TICK if row in labels else _UP), colour), *canvas.row(row)]
        for row in range(rows)
    ]
    along, below = _across(window, columns, x_label)
    return [
        *drawn,
        [Piece(" " * edge + _CORNER + along, colour)],
        [Piece((" " * edge + " " + below)[:width].ljust(width), colour)],
    ]


def text(rows: Iterable[Sequence[Piece]]) -> Text:
    """Rows for Rich, a line each."""
    drawn = Text(no_wrap=True, overflow="crop")
    for number, row in enumerate(rows):
        drawn.append("\n" * bool(number))
        for piece in row:
            drawn.append(piece.text, style(piece.colour))
    return drawn


def style(colour: Colour) -> Style:
    """A colour as Rich knows it: its name, or how red, green and blue it is."""
    if isinstance(colour, str):
        return Style(color=colour or None)
    return Style(color=f"#{colour[0]:02x}{colour[1]:02x}{colour[2]:02x}")


class _Canvas:
    """Cells of two by four dots each; the last line that touches a cell has it alone."""

    def __init__(self, columns: int, rows: int, window: Window) -> None:
        self._columns, self._rows, self._window = columns, rows, window
        self._dots = [0] * (columns * rows)
        self._letters = [""] * (columns * rows)
        self._colours: list[Colour] = [""] * (columns * rows)
        self._owner = [-1] * (columns * rows)
        self._lines = 0

    def add(self, line: Line) -> None:
        across, down = (2, 4) if line.marker == BRAILLE else (1, 1)
        self._lines += 1
        left, right, low, high = self._window
        spread_x = (self._columns * across - 1) / ((right - left) or 1.0)
        spread_y = (self._rows * down - 1) / ((high - low) or 1.0)
        at = [((x - left) * spread_x, (high - y) * spread_y) for x, y in line.points]
        most_x, most_y = self._columns * across - 1, self._rows * down - 1
        for start, end in pairwise(at) if len(at) > 1 else [(point, point) for point in at]:
            if seen := _clipped(start, end, most_x, most_y):
                self._stretch(*seen, line)

    def _stretch(self, x: float, y: float, to_x: float, to_y: float, line: Line) -> None:
        """Set the dots from one place to another."""
        steps = int(max(abs(to_x - x), abs(to_y - y))) + 1
        step_x, step_y = (to_x - x) / steps, (to_y - y) / steps
        columns, number, braille = self._columns, self._lines, line.marker == BRAILLE
        dots, owner = self._dots, self._owner
        for _ in range(steps + 1):
            column, row = int(x + 0.5), int(y + 0.5)
            cell = (row >> 2) * columns + (column >> 1) if braille else row * columns + column
            if owner[cell] != number:
                owner[cell], dots[cell], self._colours[cell] = number, 0, line.colour
                self._letters[cell] = "" if braille else line.marker
            if braille:
                dots[cell] |= _DOTS[row & 3][column & 1]
            x, y = x + step_x, y + step_y

    def row(self, row: int) -> list[Piece]:
        cells = range(row * self._columns, (row + 1) * self._columns)
        return [
            Piece("".join(map(self._cell, group)), colour)
            for colour, group in groupby(cells, self._colours.__getitem__)
        ]

    def _cell(self, cell: int) -> str:
        return self._letters[cell] or (chr(_BLANK + self._dots[cell]) if self._dots[cell] else " ")


def _clipped(start: Point, end: Point, most_x: float, most_y: float) -> tuple[float, float, float, float] | None:
    """The part of a stretch that lies between zero and the most; ``None`` where none does."""
    first, last = 0.0, 1.0
    x, y = start
    dx, dy = end[0] - x, end[1] - y
    for towards, room in ((-dx, x), (dx, most_x - x), (-dy, y), (dy, most_y - y)):
        if towards == 0:
            if room < -1e-9:
                return None
        elif towards < 0:
            first = max(first, room / towards)
        else:
            last = min(last, room / towards)
    if first > last + 1e-12:
        return None
    ends = (x + first * dx, y + first * dy, x + last * dx, y + last * dy)
    return tuple(min(max(0.0, at), most) for at, most in zip(ends, (most_x, most_y) * 2, strict=True))  # type: ignore[return-value]


def _across(window: Window, columns: int, x_label: str) -> tuple[str, str]:
    """The axis below with its ticks, and the numbers under them."""
    most = max(2, columns // 12)
    round_ones = {"hours": hours, "seconds": seconds, "epochs": ticks}.get(x_label)
    found = round_ones(window.left, window.right, most) if round_ones else []
    found = found or ticks(window.left, window.right, most, whole=True)
    written = clock if x_label == "seconds" else short
    axis, below, free = [_ALONG] * columns, [" "] * columns, 0
    for x in found:
        column = round(_share(x, window.left, window.right) * (columns - 1))
        word = written(x)
        begin = min(max(0, column - len(word) // 2), columns - len(word))
        if 0 <= column < columns and begin >= free:
            axis[column] = _ALONG_TICK
            below[begin : begin + len(word)] = word
            free = begin + len(word) + 1
    return "".join(axis), "".join(below)


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5


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
