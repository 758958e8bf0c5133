"""Numbers written as text: marks of missing readings, and points or commas before the decimals.

Shapes: N rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.climate.csv_table import Table
from tasks.climate.marks import STATION_MARK, Marks, number

Decimal = Literal["auto", "point", "comma"]
_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_POINT = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?")


class Numbers(NamedTuple):
    """A column's readings."""

    values: NDArray[np.float64]  # (N,), NaN: missing
    marked: Counter[str]  # counts of the marks of a missing reading; an empty cell is none
    commas: int = 0  # cells with a decimal comma


def parse(table: Table, name: str, marks: Marks, decimal: Decimal) -> Numbers:
    """Return a column's numbers.

    Raises:
        DataError: a cell is neither a number nor a mark of a missing reading.
    """
    cells = table.column(name)
    marked: Counter[str] = Counter()
    commas = 0
    try:
        if decimal == "comma" or "_" in "".join(cells):
            raise ValueError
        values = np.array(cells, dtype=np.float64)
        marked += Counter({"nan": int(np.isnan(values).sum())})
    except ValueError:
        cell_counts = Counter(cells)
        usual = "," if decimal == "comma" else _decimal_mark(table, name, list(cell_counts), decimal)
        known: dict[str, float] = {}
        for cell, count in cell_counts.items():
            text = cell.strip().replace("\N{MINUS SIGN}", "-")
            if marks.hold(text):
                known[cell] = np.nan
                marked[text] += count
                continue
            value = _number(text, usual)
            if value is None:
                raise table.wrong(cells.index(cell), f"{name} is {cell!r}, {_cure(text, usual)}") from None
            known[cell] = value
            commas += count if "," in text else 0
        values = np.array([known[cell] for cell in cells])
    for value in dict.fromkeys([STATION_MARK, *marks.values]):
        if count := int((values == value).sum()):
            marked[f"{value:g}"] += count
            values[values == value] = np.nan
    infinite = np.isinf(values)
    if infinite.any():
        marked["inf"] += int(infinite.sum())
        values[infinite] = np.nan
    return Numbers(values, marked, commas if decimal == "auto" else 0)


def _number(text: str, decimal_mark: str) -> float | None:
    """The number of a cell, NaN for an empty one; ``None``: it is none."""
    if not text:
        return np.nan
    if decimal_mark == "," and "." in text:
        return None
    try:
        return number(text.replace(",", ".") if decimal_mark == "," else text)
    except ValueError:
        return None


def _decimal_mark(table: Table, name: str, cells: Sequence[str], decimal: Decimal) -> str:
    """Tell whether a point or a comma stands before the decimals: a comma only where it separates no cells."""
    commas = [cell for cell in cells if _COMMA.fullmatch(cell.strip())]
    if decimal == "point" or not commas or table.separator == ",":
        return "."
    if point := next((cell for cell in cells if _POINT.fullmatch(cell.strip())), ""):
        row = table.column(name).index(commas[0])
        what = f"{name} is {commas[0]!r} here and {point!r} elsewhere: write all its decimals alike"
        raise table.wrong(row, what)
    return ","


def _cure(text: str, decimal_mark: str) -> str:
    if decimal_mark == "." and _COMMA.fullmatch(text):
        return "with a comma: set task.decimal=comma if it stands before decimals, or leave out separators of thousands"
    if re.search(r"\d[.,]\d", text) and "," in text + decimal_mark and "." in text:
        return "where a comma or a point alone should stand before decimals: leave out separators of thousands"
    if re.search(r"\d_\d", text):
        return "with an underscore, where a plain number was expected: leave out separators of thousands"
    return (
        "where a number was expected: if it marks a missing reading, name it in task.missing; "
        "if the column holds no numbers, leave it out of task.features"
    )
