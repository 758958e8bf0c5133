"""Table of a CSV file as text, with detection of its encoding, its separator and the line of its column names.

Shapes: N rows.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tasks.base import DataError
from tasks.climate.calendar import is_calendar
from tasks.climate.wording import counted
from tasks.shared.datasets import archives, encodings, reading
from tasks.shared.datasets.delimited import SEPARATORS

if TYPE_CHECKING:
    from _csv import Reader

_TABLES = re.compile(r".*\.csv", re.DOTALL)  # of a zip archive
MOST_LINES_ABOVE = 50  # of the line of column names
_LISTED = 30  # columns that a message lists
ENCODING_CURE = "save it as UTF-8"


class Table(NamedTuple):
    """The wanted columns of one file as text, and the line that each row stands on."""

    path: Path
    heads: list[str]
    rows: list[tuple[str, ...]]  # N, as wide as ``heads``
    lines: list[int]  # N
    separator: str
    time_columns: list[str]  # one, or a date's and a time's, or year's, month's, day's and so on; none in the file
    notes: list[str]

    def column(self, name: str) -> list[str]:
        place = self.heads.index(name)
        return [row[place] for row in self.rows]

    def times(self, date_format: str) -> list[str]:
        """Return each row's time as text, see ``joined``; none where no column holds times."""
        return joined([self.column(name) for name in self.time_columns], date_format)

    def wrong(self, row: int, what: str) -> DataError:
        return DataError(f"{self.path} line {self.lines[row]}: {what}.")


def joined(columns: Sequence[Sequence[str]], date_format: str) -> list[str]:
    """Return each row's time as text, from the columns that hold it.

    Args:
        columns: one, or a date's and a time of day's, or those of year, month, day, hour, minute and second.
        date_format: the form in which it will be read; empty: a known one, 2024-03-31 12:00.
    """
    rows = [[cell.strip() for cell in row] for row in zip(*columns, strict=True)]
    if len(columns) < 3 or date_format:
        return [" ".join(row).strip() for row in rows]
    parts = [[cell.removesuffix(".0").zfill(2) if cell else "" for cell in row] for row in rows]
    return [f"{'-'.join(row[:3])} {':'.join(row[3:])}".rstrip() if any(row) else "" for row in parts]


def read(path: Path, time_column: str, columns: Sequence[str]) -> Table:
    """Read some columns of a CSV file: plain, zipped or gzipped, its encoding found.

    Commas, semicolons, tabs or bars separate its cells. Lines above the column names are passed over, and told.

    Args:
        time_column: a column, or several separated by commas: a date's and a time's, or year, month, day and hour;
            empty: no column holds times.
        columns: those of the calendar need not be there.

    Raises:
        DataError: file, line and what was expected.
    """
    content, _ = read_text(path)
    found = _find_heads(content, time_column, columns)
    if found is None:
        raise _no_column(path, content, time_column, columns)
    rows, heads, separator = found
    first = rows.line_num
    times = named_times(heads, time_column)
    wanted = [*times, *(name for name in dict.fromkeys(columns) if name in heads and name not in times)]
    if twice := [name for name in wanted if heads.count(name) > 1]:
        raise DataError(f"{path} line {first}: {heads.count(twice[0])} columns are called {twice[0]!r}: rename them.")
    table = Table(path, wanted, [], [], separator, times, [])
    repeated = _fill(table, rows, heads)
    if not table.rows:
        raise DataError(f"{path} holds no reading: a line of column names and a line for each reading are expected.")
    table.notes.extend(archives.passed_over(path, _TABLES))
    if first > 1:
        table.notes.append(f"{path.name}: what stands above the column names in line {first} was passed over.")
    if repeated:
        table.notes.append(f"{path.name}: {counted(repeated, 'more line')} of column names passed over.")
    return table


def _fill(table: Table, rows: Reader, heads: list[str]) -> int:
    """Add the rows below the column names; returns how many of them repeat the names."""
    places = [heads.index(name) for name in table.heads]
    width, repeated, end = len(heads), 0, rows.line_num
    try:
        for row in rows:
            line, end = end + 1, rows.line_num
            if len(row) != width:
                if not row:
                    continue
                _check_width(table, line, row, width)
            row[0] = row[0].removeprefix("\ufeff")  # of files that were joined
            if row[places[0]].strip() == heads[places[0]] and [cell.strip() for cell in row[:width]] == heads:
                repeated += 1
                continue
            table.rows.append(tuple([row[place] for place in places]))
            table.lines.append(line)
    except csv.Error as error:
        what = str(error)
        if "field larger" in what:
            what = f"a cell has more than {csv.field_size_limit():,} characters, or its double quote is never closed"
        raise DataError(f"{table.path} line {end + 1} is not CSV: {what}.") from None
    return repeated


def _check_width(table: Table, line: int, row: list[str], width: int) -> None:
    """Refuse a row of another width, unless what it has too many are empty cells."""
    if len(row) > width and not any(cell.strip() for cell in row[width:]):
        return
    hint = ""
    if any("\n" in cell for cell in row):
        hint = ": a double quote that opens a cell here may never be closed"
    if len(row) > width and table.separator == ",":
        hint = ": if its numbers have decimal commas, write them with points or separate the cells with semicolons"
    raise DataError(
        f"{table.path} line {line}: {counted(len(row), 'cell')}, where there are {width} column names{hint}."
    )


def read_text(path: Path) -> tuple[str, str]:
    """Return all of a file as text, plain, zipped or gzipped, and the name of Python's codec for it, which is found.

    Raises:
        DataError: it cannot be read, or is no text.
    """
    text, encoding = encodings.decode(reading.table(path), path, cure=ENCODING_CURE)
    if "\0" in text:
        raise DataError(f"{path} is no text: it has a zero byte; give a CSV file.")
    return text, encoding


def cells(text: str, separator: str) -> Reader:
    """Return a reader of a text's rows."""
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)


def top_rows(text: str, separator: str) -> Iterator[tuple[Reader, list[str]]]:
    """Yield the first lines as cells, with the reader that stands behind them."""
    rows = cells(text, separator)
    try:
        for row in itertools.islice(rows, MOST_LINES_ABOVE):
            yield rows, [cell.strip() for cell in row]
    except csv.Error:
        return


def _find_heads(text: str, time_column: str, columns: Sequence[str]) -> tuple[Reader, list[str], str] | None:
    """The line that names all columns that are wanted, by whichever separator, and the reader of what is below it."""
    for separator in SEPARATORS:
        for rows, heads in top_rows(text, separator):
            if (named_times(heads, time_column) or not time_column) and not _missing(heads, columns):
                return rows, heads, separator
    return None


def named_times(heads: Sequence[str], time_column: str) -> list[str]:
    """Return the columns that a setting names for the time; none: they are not there, or it names none."""
    if not time_column:
        return []
    for names in ([time_column], [name.strip() for name in time_column.split(",")]):
        if all(name in heads for name in names):
            return names
    return []


def _missing(heads: Sequence[str], columns: Sequence[str]) -> list[str]:
    return [name for name in columns if name not in heads and not is_calendar(name)]


def _no_column(path: Path, text: str, time_column: str, columns: Sequence[str]) -> DataError:
    """Say which column is not there, by the line that has the most of them."""
    best: tuple[tuple[int, int], int, list[str]] = ((-1, 0), 1, [])
    for separator in SEPARATORS:
        for rows, heads in top_rows(text, separator):
            known = sum(name in heads for name in (time_column, *columns))
            if (known, len(heads) if best[1] == rows.line_num else 0) > best[0]:
                best = ((known, len(heads)), rows.line_num, heads)
    try:
        next(cells(text, ","), [])
    except csv.Error as error:
        return DataError(f"{path} line 1 is not CSV: {error}.")
    _, line, heads = best
    more = f" and {len(heads) - _LISTED} more" if len(heads) > _LISTED else ""
    if len(heads) < 2:
        return DataError(
            f"{path} line {line}: {', '.join(heads)[:80]!r} names no columns: commas, semicolons, tabs or bars must "
            "separate them."
        )
    there = f"its columns are: {', '.join(heads[:_LISTED])}{more}"
    if time_column and not named_times(heads, time_column):
        cure = "name the column of the times with task.time_column"
        return DataError(f"{path} line {line}: there is no column {time_column!r}: {cure}; {there}.")
    cure = "name others with task.features and task.target"
    return DataError(f"{path} line {line}: there is no column {_missing(heads, columns)[0]!r}: {cure}; {there}.")
