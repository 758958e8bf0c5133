"""Columns of a CSV file that hold its times, seen by their content and their names. No numpy."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

from tasks.climate import moments
from tasks.climate.sample import Sample

# where what a column holds is no known form of a time, its name alone tells: the first of these
_NAMES = (
    *("date time", "datetime", "timestamp", "date", "time", "ds", "day", "when", "utc", "utc time", "local time"),
    *("datum", "zeit", "zeitstempel", "fecha", "时间", "日期", "日期时间"),
)
_PARTS = (
    *(("year", "yr", "yyyy", "jahr", "年"), ("month", "mo", "mon", "mm", "monat", "月"), ("day", "dd", "tag", "日")),
    *(("hour", "hr", "hh", "stunde", "时"), ("minute", "min", "mi"), ("second", "sec", "ss")),
)
_CLOCK = re.compile(r"\d{1,2}(?::\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?|\.\d{2}\.\d{2})\s*(?:[AaPp]\.?[Mm]\.?)?")
_DIGITS = re.compile(r"\d+(?:\.\d+)?")
_MOST = 0.9  # share of a column's cells that must be times
_TESTED = 200  # cells of each column


def find(sample: Sample, date_format: str) -> list[str]:
    """Return the columns that hold the time: one, a date's and a time of day's, or year, month, day and so on.

    Args:
        date_format: as in ``strptime``; empty: the usual forms.

    Returns:
        their names; none where no column holds times.
    """
    every = range(len(sample.heads))
    names = [_plain(name) for name in sample.heads]
    if date_format:
        if whole := [place for place in every if _hold(sample, place, partial(_is_formatted, date_format))]:
            return [sample.heads[whole[0]]]
        halves = [names.index(name) for name in ("date", "time") if name in names]
        return [sample.heads[place] for place in halves]
    times = [place for place in every if _hold(sample, place, moments.is_moment) and _may_hold(sample, place)]
    dates = [place for place in times if _hold(sample, place, moments.is_date)]
    if whole := [place for place in times if place not in dates]:
        return [sample.heads[_best(whole, names)]]
    if dates:
        date = _best(dates, names)
        clock = [place for place in every if _hold(sample, place, _is_clock)]
        clock += [place for place in every if names[place] in _PARTS[3] and _hold(sample, place, str.isdecimal)]
        return [sample.heads[place] for place in (date, *clock[:1])]
    if parts := _parts(sample, names):
        return parts
    named = [names.index(name) for name in _NAMES if name in names]
    return [sample.heads[place] for place in named[:1]]


def _parts(sample: Sample, names: Sequence[str]) -> list[str]:
    """Return the columns of year, month, day and, where they are there, hour, minute and second; none: they are not."""
    found: list[str] = []
    for words in _PARTS:
        places = [
            place for place, name in enumerate(names) if name in words and _hold(sample, place, _DIGITS.fullmatch)
        ]
        if not places:
            break
        found.append(sample.heads[places[0]])
    return found if len(found) >= 3 else []


def _best(places: Sequence[int], names: Sequence[str]) -> int:
    """Return the column with a usual name, or the first one."""
    return min(places, key=lambda place: (_NAMES.index(names[place]) if names[place] in _NAMES else len(_NAMES), place))


def _plain(name: str) -> str:
    return re.sub(r"[\s_./-]+", " ", name).strip().casefold()


def _hold(sample: Sample, place: int, kind: Callable[[str], object]) -> bool:
    """Tell whether nearly all cells of a column that are filled are of a kind."""
    filled = [cell for cell in sample.column(place) if cell]
    tested = filled[:: max(1, len(filled) // _TESTED)]
    return bool(tested) and sum(bool(kind(cell)) for cell in tested) >= _MOST * len(tested)


def _may_hold(sample: Sample, place: int) -> bool:
    """Tell whether a column may hold times: of digits alone (20240331) where it is first or has a usual name."""
    return not place or _plain(sample.heads[place]) in _NAMES or not _hold(sample, place, _DIGITS.fullmatch)


def _is_clock(cell: str) -> bool:
    return _CLOCK.fullmatch(cell) is not None


def _is_formatted(date_format: str, cell: str) -> bool:
    with suppress(ValueError, re.error):
        datetime.strptime(cell, date_format)
        return True
    return False
