"""Rows of cells over the steps of a sequence: one for each unit, class or bar of a chart. No widget.

Shapes: T steps, H units, A numbers of an answer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from operator import mul
from typing import NamedTuple

from workbench.render.format import percent
from workbench.render.text import printable
from workbench.runs.inspections import Grid, StepAnswer

_BLOCKS = " ▁▂▃▄▅▆▇█"
_MOST_BAND = (0.1, 0.25, 0.75, 0.9)  # quantiles around the mean


class Cell(NamedTuple):
    """A cell: its text, its shade from −1 to 1, or the index of its own color."""

    text: str = ""
    shade: float = 0.0
    color: int | None = None
    fill: bool = False  # the text is repeated over the whole cell
    turned: bool = False  # ground and text exchanged


class StepRows(ABC):
    """Rows of cells.

    Attributes:
        labels: one of each row.
        least: cells of a column at least.
        choosable: a row can be chosen, as a unit's.
    """

    labels: Sequence[str]
    least = 1
    choosable = False

    @abstractmethod
    def cell(self, row: int, step: int) -> Cell:
        """Return the cell of a row at a step."""

    def number(self, row: int) -> int:
        """Return the number of a row's unit."""
        return row


class UnitRows(StepRows):
    """A unit's value at each step as a shade.

    Args:
        scale: the difference of the full shade from the middle, which has none.
        order: the units, by number.
        labels: names of rows that are no units, none of which can be chosen.
    """

    choosable = True

    def __init__(
        self, grid: Grid, scale: float, order: Sequence[int], labels: Sequence[str] = (), *, middle: float = 0.0
    ) -> None:
        self._grid, self._scale, self._order, self._middle = grid, scale or 1.0, order, middle
        self._rows: dict[int, list[float]] = {}
        self.labels = labels or [str(unit) for unit in order]
        self.choosable = not labels

    def number(self, row: int) -> int:
        return self._order[row]

    def cell(self, row: int, step: int) -> Cell:
        if step not in self._rows:
            self._rows[step] = self._grid.row(step)
        return Cell(shade=(self._rows[step][self._order[row]] - self._middle) / self._scale)


class BandRows(StepRows):
    """Mean over the units at each step as a line, the quantiles around it as a band.

    Args:
        low, high: the values of the lowest and the highest row's edges.
        lines: number of rows.
    """

    def __init__(self, grid: Grid, low: float, high: float, lines: int) -> None:
        self._grid, self._low, self._span, self._lines = grid, low, (high - low) or 1.0, lines
        self._bands: dict[int, tuple[float, list[float]]] = {}
        self.labels = level_labels(low, high, lines)

    def cell(self, row: int, step: int) -> Cell:
        if step not in self._bands:
            values = sorted(self._grid.row(step))
            last = len(values) - 1
            self._bands[step] = (sum(values) / len(values), [values[round(share * last)] for share in _MOST_BAND])
        mean, (low, quarter, three, high) = self._bands[step]
        at, lowest, inner, outer, highest = (self._row(value) for value in (mean, low, quarter, three, high))
        if row == at:
            return Cell("━", color=1, fill=True)
        if outer <= row <= inner:
            return Cell("▒", color=0, fill=True)
        return Cell("░", color=0, fill=True) if highest <= row <= lowest else Cell()

    def _row(self, value: float) -> int:
        share = (value - self._low) / self._span
        return min(self._lines - 1, max(0, int((1 - share) * self._lines)))


class StackRows(StepRows):
    """Probabilities of a few classes at each step, stacked: a color and a letter for each."""

    def __init__(self, probabilities: Grid, classes: Sequence[int], lines: int) -> None:
        self._probabilities, self._classes, self._lines = probabilities, classes, lines
        self._rows: dict[int, list[float]] = {}
        self.labels = level_labels(0, 1, lines)

    def cell(self, row: int, step: int) -> Cell:
        if step not in self._rows:
            self._rows[step] = self._probabilities.row(step)
        level = (self._lines - row - 0.5) / self._lines
        top = 0.0
        for index, number in enumerate(self._classes):
            top += self._rows[step][number]
            if level < top:
                return Cell(chr(ord("A") + index), color=index, fill=True)
        return Cell()


class LikeliestRows(StepRows):
    """The likeliest answers after each step, a row a rank, then the right one."""

    least = 3

    def __init__(self, answers: Sequence[StepAnswer]) -> None:
        self._answers = answers
        self._ranks = max((len(answer.best) for answer in answers), default=0)
        right = any(answer.expected for answer in answers)
        ranks = [f"{rank + 1}" for rank in range(self._ranks)]
        self.labels = [*ranks, *(["right", "% right"] if right else [])]

    def cell(self, row: int, step: int) -> Cell:
        answer = self._answers[step]
        if row < self._ranks:
            name, share = answer.best[row] if row < len(answer.best) else ("", 0.0)
            return Cell(printable(name), shade=share)
        if row == self._ranks:
            return Cell(printable(answer.expected), shade=answer.probability or 0.0)
        if answer.probability is None:
            return Cell()
        return Cell(percent(answer.probability, 2), shade=answer.probability)


class BarRows(StepRows):
    """Numbers of each step as bars from a common line, up where they are above 0, down below it."""

    def __init__(self, values: Sequence[float], lines: int, name: str = "") -> None:
        self._values, self._lines = values, max(1, lines)
        self._most = max(map(abs, values), default=0.0) or 1.0
        below = any(value < 0 for value in values)
        above = any(value > 0 for value in values)
        self._up = self._lines if not below else 0 if not above else (self._lines + 1) // 2
        self.labels = [name if row == 0 else "" for row in range(self._lines)]

    def cell(self, row: int, step: int) -> Cell:
        value = self._values[step] / self._most
        if row < self._up:
            filled = value * self._up - (self._up - 1 - row)
            return Cell(_BLOCKS[_eighths(filled)], shade=1.0, color=0, fill=True)
        down = self._lines - self._up
        filled = -value * down - (row - self._up)
        eighths = _eighths(filled)
        turned = 0 < eighths < 8
        return Cell(_BLOCKS[8 - eighths if turned else eighths], color=1, fill=True, turned=turned)


class Stacked(StepRows):
    """Rows of several kinds, one below another."""

    def __init__(self, parts: Sequence[StepRows]) -> None:
        self._parts = [(part, row) for part in parts for row in range(len(part.labels))]
        self.labels = [label for part in parts for label in part.labels]
        self.least = max((part.least for part in parts), default=1)

    def cell(self, row: int, step: int) -> Cell:
        part, own = self._parts[row]
        return part.cell(own, step)


def _eighths(filled: float) -> int:
    return min(8, max(0, round(filled * 8)))


def level_labels(low: float, high: float, lines: int) -> list[str]:
    """Return a label for the highest, the middle and the lowest of the rows of a chart."""
    labels = [""] * lines
    for row, value in ((lines - 1, low), (lines // 2, (low + high) / 2), (0, high)):
        if 0 <= row < lines and (row in (0, lines - 1) or lines > 4):
            labels[row] = f"{value:.3g}"
    return labels


def by_activity(grid: Grid) -> list[int]:
    """Return the units by the variance of their values over the steps, the largest first."""
    return sorted(range(grid.columns), key=lambda unit: -_variance(grid.column(unit)))


def _variance(values: list[float]) -> float:
    count, total = len(values), sum(values)
    squares: float = sum(map(mul, values, values))
    return squares / count - (total / count) ** 2


def largest(grid: Grid) -> float:
    """Return the largest absolute value of a grid."""
    return max((max(map(abs, grid.row(step)), default=0.0) for step in range(grid.rows)), default=0.0)
