"""Settings for a series of one's own that nobody set, seen in a sample of its file. No numpy."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from tasks.base import DataError, Value
from tasks.climate import csv_table, moments, sample, spans, time_columns
from tasks.climate.calendar import is_calendar
from tasks.climate.marks import KNOWN, STATION_MARK, SURE, Marks, is_number, number
from tasks.climate.sample import Sample
from tasks.shared.datasets import archives

_DAY = 86_400  # s
_TARGETS = ("ot", "target", "y", "value", "values", "close")  # usual names of a target, the first that is there
_SENTINELS = frozenset((STATION_MARK, *SURE, *KNOWN))
_MOST_MISSING = 0.5  # share of a feature's cells
_MOST_WORDS = 0.1  # share of a feature's filled cells: whoever set no ``task.missing`` is told of them
_YEARS = 2 * 365 * _DAY  # s of a series that may show a course of the year


class Columns(NamedTuple):
    """Columns of a file, by what they can be."""

    times: list[str]  # none: no column holds times
    numbers: list[str]  # those that can be read, in their order
    others: dict[str, str]  # those that cannot → why


def guess(given: Mapping[str, Any], station: Mapping[str, str] | None = None) -> dict[str, Value]:
    """Return values of the columns, of the distance between readings and of the windows, where they are not set.

    Args:
        given: the task's settings that are set, by name; ``csv`` among them.
        station: ``time_column``, ``target`` and ``features`` of the station, which hold for a file with its features.

    Returns:
        values by name; none where the file is not there, and no columns where it has the station's: its defaults are
        these.

    Raises:
        DataError: no line of the file names columns, or none of them holds times or numbers.
    """
    path = Path(given["csv"])
    if not os.path.isfile(path):  # noqa: PTH113 (a Path's raises on names too long)
        return {}  # whoever reads it says so
    try:
        found = path.stat()
    except OSError as error:
        raise archives.unreadable(path, error) from None
    version = found.st_ctime_ns, found.st_mtime_ns, found.st_size
    outcome = _outcome(path, version, tuple(sorted(given.items())), tuple(sorted((station or {}).items())))
    if isinstance(outcome, str):
        raise DataError(outcome)
    return dict(outcome)


@functools.lru_cache(maxsize=64)  # a form asks at each key
def _outcome(
    path: Path,
    version: tuple[int, ...],
    given: tuple[tuple[str, Any], ...],
    station: tuple[tuple[str, str], ...],
) -> dict[str, Value] | str:
    """Return the values of ``guess``, or the sentence of its error.

    Args:
        version: changes where the file does.
    """
    try:
        return _guess(path, dict(given), dict(station))
    except DataError as error:
        if type(error) is not DataError:  # memory may be at hand later
            raise
        return str(error)


def _guess(path: Path, given: Mapping[str, Any], station: Mapping[str, str]) -> dict[str, Value]:
    taken = sample.take(path)
    if taken is None:
        _check_columns_are_given(path, given)
        return {}
    if station and all(name in taken.heads or is_calendar(name) for name in station["features"].split(",")):
        given = {**station, **given}
    found = look(taken, given)
    guessed: dict[str, Value] = {}
    if "time_column" not in given:
        if found.times == [""]:  # as tables are saved with their index
            raise DataError(
                f"{path} line {taken.line}: the column that holds the times has no name: write one there, such as time."
            )
        guessed["time_column"] = ",".join(found.times)
        if not found.times and not given.get("step"):
            raise DataError(
                f"{path} line {taken.line}: no column holds times ({', '.join(taken.heads)[:200]}): name it with "
                "task.time_column and its form with task.date_format, or, where there is none, set task.step to the "
                "seconds between one row and the next (3600)."
            )
    if not found.numbers and not {"target", "features"} <= given.keys():
        why = ", ".join(f"{name or 'a column'} {reason}" for name, reason in found.others.items())
        raise DataError(
            f"{path} line {taken.line}: no column can be forecast: {why or 'there is none but the time'}; one of "
            "numbers, with a name of its own, is expected."
        )
    if "target" not in given:
        guessed["target"] = _target(found.numbers, given)
    target = str(given.get("target", guessed.get("target")))
    first, every = (_seconds(taken, rows, {**given, **guessed}) for rows in (taken.first, taken.spread))
    usual = spans.near_step(spans.usual_step(first))
    step = int(given.get("step") or 0) or spans.whole_step(usual)
    if step != usual and not given.get("step"):
        guessed["step"] = step
    length = max(every) - min(every) if every else 0  # s
    ticks = length // step + 1 if length and step else taken.rows
    if "features" not in given:
        read = [name for name in found.numbers if "," not in name]
        calendar = _calendar(taken, found, step, length)
        guessed["features"] = ",".join([*calendar, *read]) or target
    return {**guessed, **spans.windows(step, ticks, given)}


def look(taken: Sample, given: Mapping[str, Any]) -> Columns:
    """Return a file's columns by what they can be.

    Args:
        given: the task's settings that are set, by name.
    """
    times = csv_table.named_times(taken.heads, str(given.get("time_column", ""))) or (
        [] if "time_column" in given else time_columns.find(taken, str(given.get("date_format", "")))
    )
    marks = Marks.of(str(given.get("missing", "")))
    numbers, others = [], {}
    for place, name in enumerate(taken.heads):
        if name in times:
            continue
        if reason := _reason(taken, place, marks):
            others[name] = reason
        else:
            numbers.append(name)
    return Columns(times, numbers, others)


def _reason(taken: Sample, place: int, marks: Marks) -> str:
    """Say why a column is not read; empty: it can be."""
    name, cells = taken.heads[place], taken.column(place)
    filled = [cell for cell in cells if cell and not marks.hold(cell)]
    if not any(cells):
        return "is empty"
    if not name:
        return "has no name"
    if taken.heads.count(name) > 1:
        return "shares its name with another"
    if not filled:
        return "holds marks of a missing reading alone"
    found = [number(cell.replace(",", ".").replace("\N{MINUS SIGN}", "-")) for cell in filled if is_number(cell)]
    if len(filled) - len(found) > _MOST_WORDS * len(filled):
        return "holds no numbers" if not found else f"holds words ({_first_word(filled)!r}) among its numbers"
    least = min(found)
    missing = sum(value in marks.values or (value == least and value in _SENTINELS) for value in found)
    share = 1 - (len(found) - missing) / len(cells)
    if share > _MOST_MISSING:
        return f"is missing in {share:.0%} of the rows looked at"
    first = [cell[place].strip() for cell in taken.first]
    rising = len(first) > 2 and all(cell.isdecimal() for cell in first)
    return "numbers the rows" if rising and all(int(b) - int(a) == 1 for a, b in pairwise(first)) else ""


def _first_word(cells: list[str]) -> str:
    return next(cell for cell in cells if not is_number(cell))[:40]


def _target(numbers: list[str], given: Mapping[str, Any]) -> str:
    """Return the column that is forecast: one with a usual name, else the first that is read."""
    read = [name.strip() for name in str(given.get("features", "")).split(",")]
    among = [name for name in read if name and not is_calendar(name)] or numbers
    named = {name.casefold(): name for name in reversed(among)}
    return next((named[name] for name in _TARGETS if name in named), among[0])


def _calendar(taken: Sample, found: Columns, step: int, length: int) -> list[str]:
    """Return the features that are made from the time, where the file has none of their name."""
    if not found.times or not length:
        return []
    made = ["hour"] if step < _DAY else []
    if length >= _YEARS:
        made.append("year")
    return [name for name in made if name not in taken.heads or name in found.times]


def _seconds(taken: Sample, rows: list[list[str]], given: Mapping[str, Any]) -> list[int]:
    """Return the times of some rows, as far as they can be read, in seconds since 1970."""
    names = csv_table.named_times(taken.heads, str(given["time_column"]))
    if not names:
        return []
    columns = [[row[taken.heads.index(name)] for row in rows] for name in names]
    cells = csv_table.joined(columns, str(given.get("date_format", "")))
    return moments.seconds(cells, str(given.get("date_format", "")))


def _check_columns_are_given(path: Path, given: Mapping[str, Any]) -> None:
    if not {"time_column", "target", "features"} <= given.keys():
        raise DataError(
            f"{path} names no columns, or has no readings below them: a line of column names and a line for each "
            "reading are expected, with commas, semicolons, tabs or bars between the cells."
        )
