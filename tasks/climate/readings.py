"""Reader of a weather station's CSV files: times and columns, with a plain sentence for each fault.

Shapes: N rows, F columns.
"""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.base import DataError
from tasks.shared.datasets import reading

MISSING = -9999.0  # the station's mark
CALENDAR_FEATURES = {"hour": (86_400, 3_600), "year": (365.2425 * 86_400, 86_400)}  # period and unit in seconds
_FORMATS = ("%d.%m.%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")
_EPOCH = datetime(1970, 1, 1)
_DATE_PARTS = ("%Y", "%y", "%m", "%d", "%b", "%B", "%j", "%z")  # directives of a date


class Readings(NamedTuple):
    """Readings of some files, in the order of time."""

    seconds: NDArray[np.int64]  # (N,) since 1970, strictly increasing
    values: NDArray[np.float64]  # (N,F), NaN: missing
    rows: int  # in the files, repeated ones too
    notes: tuple[str, ...] = ()


class _Table(NamedTuple):
    """The wanted columns of one file as text, and the line that each row stands on."""

    path: Path
    heads: list[str]
    rows: list[tuple[str, ...]]
    lines: list[int]

    def column(self, name: str) -> list[str]:
        place = self.heads.index(name)
        return [row[place] for row in self.rows]

    def wrong(self, row: int, what: str) -> DataError:
        return DataError(f"{self.path} line {self.lines[row]}: {what}.")


def read(paths: Sequence[Path], columns: Sequence[str], time_column: str, date_format: str = "") -> Readings:
    """Some columns of CSV files (plain or zipped, UTF-8 or Latin-1) that follow one another in time.

    ``hour`` and ``year`` are made from the time where no column is called so. A row that repeats an earlier one
    exactly is dropped; ``-9999``, ``nan`` and an empty cell are missing readings.

    Raises:
        DataError: file, line and what was expected.
    """
    parts: list[Readings] = []
    for path in paths:
        table = _table(path, [time_column, *columns])
        seconds = _seconds(table, table.column(time_column), date_format)
        values = [
            _made(name, seconds) if name in CALENDAR_FEATURES and name not in table.heads else _numbers(table, name)
            for name in columns
        ]
        kept = _distinct(table, seconds)
        part = Readings(seconds[kept], np.stack(values, 1)[kept], len(seconds))
        if parts and part.seconds[0] <= parts[-1].seconds[-1]:
            raise DataError(
                f"{path} begins at {format_time(part.seconds[0])}, before {paths[len(parts) - 1]} ends: "
                "name the files so that they follow one another in time."
            )
        parts.append(part)
    rows, kept_rows = sum(part.rows for part in parts), sum(len(part.seconds) for part in parts)
    remarks = (f"{rows - kept_rows:,} rows repeat earlier ones exactly and were dropped.",) if rows > kept_rows else ()
    return Readings(
        np.concatenate([part.seconds for part in parts]), np.concatenate([part.values for part in parts]), rows, remarks
    )


def format_time(seconds: int | np.int64) -> str:
    """Return a time as text: 2024-10-05 12:00."""
    return str(np.datetime64(int(seconds), "s")).replace("T", " ")[:16]


def _table(path: Path, wanted: Sequence[str]) -> _Table:
    content = reading.zipped(path, ".csv") if path.suffix == ".zip" else reading.content(path)
    text = reading.decode(content, path, "utf-8-sig", "latin-1")
    if "\0" in text:  # Latin-1 takes any bytes, UTF-16 among them
        raise DataError(f"{path} is not UTF-8 or Latin-1 text: fetch it again, or convert it.")
    reader = csv.reader(text.splitlines(), delimiter="," if "," in text.partition("\n")[0] else ";")
    try:
        heads = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise DataError(f"{path} line 1 is not CSV: {error}.") from None
    there = [name for name in dict.fromkeys(wanted) if name in heads or name not in CALENDAR_FEATURES]
    if missing := [name for name in there if name not in heads]:
        raise DataError(f"{path} line 1: there is no column {missing[0]!r}; its columns are: {', '.join(heads[:30])}.")
    places = [heads.index(name) for name in there]
    rows, lines = [], []
    try:
        for row in reader:
            if len(row) == len(heads):
                rows.append(tuple([row[place] for place in places]))
                lines.append(reader.line_num)
            elif row:
                raise DataError(
                    f"{path} line {reader.line_num}: {len(row)} cells, where the first line has {len(heads)} columns."
                )
    except csv.Error as error:
        raise DataError(f"{path} line {reader.line_num} is not CSV: {error}.") from None
    if not rows:
        raise DataError(f"{path} holds no reading: a line of column names and a line for each reading are expected.")
    return _Table(path, there, rows, lines)


def _numbers(table: _Table, name: str) -> NDArray[np.float64]:
    cells = table.column(name)
    try:
        values = np.array(cells, dtype=np.float64)
    except ValueError:  # an empty cell, or one that is no number
        values = np.array([_number(table, name, row, cell) for row, cell in enumerate(cells)])
    values[(values == MISSING) | ~np.isfinite(values)] = np.nan
    return values


def _number(table: _Table, name: str, row: int, cell: str) -> float:
    try:
        return float(cell) if cell.strip() else np.nan
    except ValueError:
        raise table.wrong(row, f"{name} is {cell!r}, where a number was expected") from None


def _seconds(table: _Table, cells: list[str], date_format: str) -> NDArray[np.int64]:
    """Each row's time in seconds since 1970."""
    for tried in (date_format,) if date_format else _FORMATS:
        parse = _parser(tried)
        try:
            parse(cells[0])
        except ValueError:
            continue
        break
    try:
        return np.array([parse(cell) for cell in cells], dtype=np.int64)
    except ValueError:
        for row, cell in enumerate(cells):
            try:
                parse(cell)
            except ValueError:
                expected = date_format or "dd.mm.yyyy HH:MM:SS or yyyy-mm-dd HH:MM:SS"
                raise table.wrong(row, f"{cell!r} is no time, where {expected} was expected") from None
        raise


def _parser(date_format: str) -> Callable[[str], int]:
    """Text in ``date_format`` → seconds since 1970. Each date and each time of day is parsed once only."""

    def whole(cell: str, written: str) -> int:
        try:
            moment = datetime.strptime(cell, written)
        except re.error:  # one part of the time stands twice in the format
            raise ValueError(written) from None
        if moment.tzinfo:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
        return int((moment - _EPOCH).total_seconds())

    halves = date_format.split(" ")
    if len(halves) != 2 or any(part in halves[1] for part in _DATE_PARTS):
        return lambda cell: whole(cell.strip(), date_format)
    day = functools.cache(lambda cell: whole(cell, halves[0]))
    clock = functools.cache(lambda cell: whole(f"1970 {cell}", f"%Y {halves[1]}"))

    def split(cell: str) -> int:
        date, _, time = cell.strip().partition(" ")
        return day(date) + clock(time)

    return split


def _distinct(table: _Table, seconds: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows whose time is later than all before; any other must repeat an earlier row exactly."""
    latest = np.maximum.accumulate(seconds)
    late = np.flatnonzero(np.concatenate([[False], seconds[1:] <= latest[:-1]]))
    if len(late):
        kept = np.setdiff1d(np.arange(len(seconds)), late)
        known = dict(zip(seconds[kept].tolist(), kept.tolist(), strict=True))
        for row in late.tolist():
            first = known.get(int(seconds[row]))
            if first is None or table.rows[first] != table.rows[row]:
                raise table.wrong(
                    row,
                    f"{format_time(seconds[row])} is not later than the reading before, {format_time(latest[row - 1])}",
                )
        return kept
    return np.arange(len(seconds))


def _made(name: str, seconds: NDArray[np.int64]) -> NDArray[np.float64]:
    """The hour of the day (0 to 24), or the day of the year (0 to 365.2)."""
    period, unit = CALENDAR_FEATURES[name]
    return np.asarray((seconds % period) / unit)
