"""Reader of a series' CSV files: times and columns in the order of time, with all that was left out counted.

Shapes: N rows, F columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.base import DataError
from tasks.climate import calendar, csv_table, numbers, sentinels, times
from tasks.climate.csv_table import Table
from tasks.climate.marks import Marks
from tasks.climate.numbers import Decimal
from tasks.climate.wording import counted, format_span, format_time

_MOST = 1e38  # a float32's, nearly


class Readings(NamedTuple):
    """Readings of some files, in the order of time; several may share a time, with other values."""

    seconds: NDArray[np.int64]  # (N,) since 1970, ascending
    values: NDArray[np.float64]  # (N,F), NaN: missing
    rows: int  # in the files, those too that were left out
    notes: tuple[str, ...] = ()
    calendar: tuple[str, ...] = ()  # (F,) the calendar feature that a column is made as; empty: it stands in the files
    repeated: int = 0  # rows that were left out because they repeat another exactly
    untimed: int = 0  # rows that were left out because they have no time


class _Part(NamedTuple):
    """One file's readings."""

    seconds: NDArray[np.int64]
    values: NDArray[np.float64]  # NaN where a column is made from the time
    untimed: int


def read(
    paths: Sequence[Path],
    columns: Sequence[str],
    time_column: str,
    date_format: str = "",
    missing: str = "",
    decimal: Decimal = "auto",
    step: int = 0,
) -> Readings:
    """Read some columns of CSV files.

    Rows are put in the order of time; one that repeats another exactly is dropped. ``hour`` and ``year`` are made from
    the time where no column is called so. An empty cell, ``-9999``, the usual marks (``NA``, ``null``, ``-``, …) and
    values that loggers write for a missing reading and that stand far outside are missing readings.

    Args:
        time_column: a column, or several separated by commas: a date's and a time's, or year, month, day and hour;
            empty: none, the rows of each file are ``step`` apart.
        date_format: the time's form as in ``strptime``; empty: the usual ones.
        missing: further marks of a missing reading, separated by commas.
        decimal: the mark before decimals; ``auto``: a comma where it separates no cells.
        step: seconds between rows without a time.

    Raises:
        DataError: file, line and what was expected.
    """
    marks = Marks.of(missing)
    marked: Counter[str] = Counter()
    remarks: dict[str, None] = {}  # in their order, each once
    parts: list[_Part] = []
    made: tuple[str, ...] = ()
    commas = 0
    for path in paths:
        table = csv_table.read(path, time_column, columns)
        clock = [name for name in table.time_columns if calendar.is_calendar(name)]  # made anew, between rows too
        made = tuple("" if name in table.heads and name not in clock else name for name in columns)
        timed, seconds, notes = _times(table, date_format) if table.time_columns else _counted(table, step)
        stand = [name for name in timed.heads if name in columns and name not in clock]
        found = {name: numbers.parse(timed, name, marks, decimal) for name in stand}
        for each in found.values():
            marked += each.marked
            commas += each.commas
        empty = np.full(len(seconds), np.nan)
        values = np.stack([found[name].values if name in found else empty for name in columns], 1)
        parts.append(_Part(seconds, values, len(table.rows) - len(timed.rows)))
        remarks |= dict.fromkeys([*table.notes, *notes])
    seconds = np.concatenate([part.seconds for part in parts])
    values = np.concatenate([part.values for part in parts])
    untimed = sum(part.untimed for part in parts)
    if untimed:
        remarks[f"{counted(untimed, 'row')} without a time {'was' if untimed == 1 else 'were'} left out."] = None
    if commas:
        remarks[f"{counted(commas, 'number')} with a comma were read as decimals (1,5 as 1.5)."] = None
    if marked:
        kinds = ", ".join(f"{mark} {count:,}" for mark, count in marked.most_common())
        remarks[f"{counted(marked.total(), 'cell')} marked as missing: {kinds}."] = None
    if unused := [mark for mark in marks.texts if not any(mark == m or _same(mark, m) for m in marked)]:
        remarks[f"task.missing names {', '.join(sorted(unused))}, which stands in no cell."] = None
    remarks |= dict.fromkeys(_drop_sentinels(values, columns, made, parts_named=paths))
    order = np.argsort(seconds, kind="stable")
    remarks |= dict.fromkeys(_disorder(seconds))
    seconds, values = seconds[order], values[order]
    kept = _distinct(seconds, values)
    repeated = len(seconds) - len(kept)
    if repeated:
        verb = "repeats an earlier one exactly and was" if repeated == 1 else "repeat earlier ones exactly and were"
        remarks[f"{counted(repeated, 'row')} {verb} dropped."] = None
    seconds, values = seconds[kept], values[kept]
    for place, name in enumerate(made):
        if name:
            values[:, place] = calendar.feature(name, seconds)
    return Readings(seconds, values, len(order) + untimed, tuple(remarks), made, repeated, untimed)


def _times(table: Table, date_format: str) -> tuple[Table, NDArray[np.int64], list[str]]:
    """The rows that have a time, and their times in seconds since 1970."""
    cells = table.times(date_format)
    rows = [row for row, cell in enumerate(cells) if cell]
    if not rows:
        raise table.wrong(0, f"the column {', '.join(table.time_columns)} is empty: name another with task.time_column")
    if len(rows) < len(cells):
        table = table._replace(rows=[table.rows[row] for row in rows], lines=[table.lines[row] for row in rows])
        cells = [cells[row] for row in rows]
    try:
        seconds, notes = times.parse(cells, date_format)
    except times.BadTimeError as error:
        raise table.wrong(error.row, str(error)) from None
    if far := times.far_off(seconds):
        low, high = (format_time(seconds[row]) for row in (far.first, far.last))
        raise table.wrong(
            far.row,
            f"{cells[far.row]!r} lies far off the other times, from {low} to {high}: correct the date, or leave the "
            "row out",
        )
    return table, seconds, notes


def _counted(table: Table, step: int) -> tuple[Table, NDArray[np.int64], list[str]]:
    """All rows, and times in their place: ``step`` apart from 1970 on."""
    note = (
        f"{table.path.name} holds no times: its {counted(len(table.rows), 'row')} are taken as {format_span(step)} "
        "apart (task.step), counted from 1970-01-01 00:00 on."
    )
    return table, step * np.arange(len(table.rows), dtype=np.int64), [note]


def _same(mark: str, number: str) -> bool:
    try:
        return float(mark) == float(number)
    except ValueError:
        return False


def _drop_sentinels(
    values: NDArray[np.float64], columns: Sequence[str], made: Sequence[str], parts_named: Sequence[Path]
) -> list[str]:
    """Make known sentinels missing, in place; refuse a column without a reading. Returns remarks."""
    remarks = []
    for place, name in enumerate(columns):
        if made[place]:
            continue
        column = values[:, place]
        if found := sentinels.find(column):
            outside = f"far outside its other readings ({found.low:g} to {found.high:g})"
            for value, count in found.known.items():
                column[column == value] = np.nan
                remarks.append(f"{name} is {value:g} {_times_over(count)}, {outside}: taken for missing.")
            remarks += [
                f"{name} is {value:g} {_times_over(count)}, {outside}: if that marks a missing reading, "
                f"set task.missing={value:g}."
                for value, count in found.suspected.items()
            ]
        if np.isnan(column).all():
            raise DataError(
                f"{parts_named[0]}: the column {name!r} holds no reading, all of its {len(column):,} cells are empty "
                "or marked as missing: leave it out of task.features, or name another task.target."
            )
        if (most := float(np.nanmax(np.abs(column)))) > _MOST:
            raise DataError(
                f"{parts_named[0]}: the column {name!r} reaches {most:g}, beyond what the network's numbers hold "
                f"({_MOST:.1g}): write it in a larger unit, or leave it out of task.features."
            )
    return list(dict.fromkeys(remarks))


def _times_over(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _disorder(seconds: NDArray[np.int64]) -> list[str]:
    """Say that rows stand out of the order of time."""
    steps = np.diff(seconds)
    back = int((steps < 0).sum())
    if not back:
        return []
    if not (steps > 0).any():
        return ["The rows run backwards in time and were turned round."]
    place = int(np.flatnonzero(steps < 0)[0])
    return [
        f"The rows go back in time {_times_over(back)}, first from {format_time(seconds[place])} to "
        f"{format_time(seconds[place + 1])}, and were sorted."
    ]


def _distinct(seconds: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.int64]:
    """The rows that repeat no earlier one exactly; the times (N,) are ascending."""
    same = np.concatenate([[False], seconds[1:] == seconds[:-1]])
    repeats: list[int] = []
    known: set[bytes] = set()
    for row in np.flatnonzero(same):
        if not same[row - 1]:
            known = {values[row - 1].tobytes()}
        content = values[row].tobytes()
        if content in known:
            repeats.append(int(row))
        known.add(content)
    kept = np.ones(len(seconds), dtype=bool)
    kept[repeats] = False
    return np.flatnonzero(kept)
