"""Moments written as text, one cell at a time: the forms that loggers and spreadsheets write. No numpy."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime
from typing import NamedTuple

EPOCH = datetime(1970, 1, 1)
DAY = 86_400  # s
NO_DAY = -(10**9)
WRITTEN = re.compile(
    r"(?P<first>\d{1,4})(?P<mark>[./-])(?P<second>\d{1,2})(?P=mark)(?P<third>\d{4}|\d{1,2})"
    r"(?:(?:T|,?\s+)(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2})(?:[:.](?P<seconds>\d{2})(?:[.,]\d+)?)?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?",
)
COMPACT = re.compile(
    r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})"
    r"(?:[T ]?(?P<hour>\d{2})(?:(?P<minute>\d{2})(?P<seconds>\d{2})?)?)?(?P<zone>Z)?"
)
UNIX = re.compile(r"(?P<seconds>\d{10})(?:\d{3})?(?:\.\d+)?")  # or in milliseconds


class Moment(NamedTuple):
    """A time as it is written."""

    days: tuple[int, int]  # since 1970, read with the day first and with the month first; ``NO_DAY``: it is none
    clock: int  # seconds since midnight
    offset: int | None  # seconds east of UTC, where it is written


def read(cell: str) -> Moment | None:
    """The time of a cell; ``None``: it is none."""
    if found := WRITTEN.fullmatch(cell):
        days = _days(found["first"], found["mark"], found["second"], found["third"])
        clock = _clock(found["hour"], found["minute"], found["seconds"], found["half"])
    elif found := COMPACT.fullmatch(cell):
        days = _days(found["year"], "-", found["month"], found["day"])
        clock = _clock(found["hour"], found["minute"], found["seconds"], None)
    elif found := UNIX.fullmatch(cell):
        day, clock = divmod(int(found["seconds"]), DAY)
        return Moment((day, day), clock, None)
    else:
        return None
    if days == (NO_DAY, NO_DAY) or clock is None:
        return None
    return Moment(days, clock, _offset(found["zone"]))


@functools.cache
def _days(first: str, mark: str, second: str, third: str) -> tuple[int, int]:
    """The days since 1970 of a date, read with the day first and with the month first; ``NO_DAY``: it is none."""
    one, two, three = int(first), int(second), int(third)
    if len(first) == 4:
        return (_day(one, two, three),) * 2
    if len(first) > 2 or len(third) == 1 or (len(third) == 2 and mark != "."):
        return (NO_DAY, NO_DAY)
    if mark == ".":
        year = three if len(third) == 4 else datetime.strptime(third, "%y").year
        return (_day(year, two, one),) * 2
    return _day(three, two, one), _day(three, one, two)


def _day(year: int, month: int, day: int) -> int:
    try:
        return date(year, month, day).toordinal() - EPOCH.toordinal()
    except ValueError:
        return NO_DAY


@functools.cache
def _clock(hour: str | None, minute: str | None, seconds: str | None, half: str | None) -> int | None:
    """The seconds since midnight, 24:00 among them; ``None``: there is no such time of day."""
    h, m, s = int(hour or 0), int(minute or 0), int(seconds or 0)
    if half:
        if not 1 <= h <= 12:
            return None
        h = h % 12 + (12 if half[0] in "Pp" else 0)
    passed = h * 3_600 + m * 60 + s
    return passed if m < 60 and s < 60 and passed <= DAY else None


@functools.cache
def _offset(zone: str | None) -> int | None:
    """Seconds east of UTC; ``None``: none is written."""
    if zone is None:
        return None
    if not zone[1:].replace(":", "").isdecimal():  # Z, UTC, GMT
        return 0
    passed = int(zone[1:3]) * 3_600 + int(zone[3:].strip(":") or 0) * 60
    return -passed if zone[0] == "-" else passed


def is_moment(cell: str) -> bool:
    """Return whether a cell is a time in a known form."""
    return read(cell) is not None


def is_date(cell: str) -> bool:
    """Return whether a cell is a date without a time of day."""
    found = WRITTEN.fullmatch(cell) or COMPACT.fullmatch(cell)
    return found is not None and found["hour"] is None and is_moment(cell)


def seconds(cells: Iterable[str], date_format: str = "") -> list[int]:
    """Return the times of those cells that are times, in seconds since 1970, as they are written: without the offset.

    A date that may have the day or the month first is read with the day first where the cells allow it.

    Args:
        date_format: as in ``strptime``; empty: the known forms.
    """
    if date_format:
        found = []
        for cell in cells:
            with suppress(ValueError, re.error):
                plain = datetime.strptime(cell, date_format).replace(tzinfo=None)
                found.append(int((plain - EPOCH).total_seconds()))
        return found
    read_cells = [moment for cell in cells if (moment := read(cell)) is not None]
    order = int(any(moment.days[0] == NO_DAY for moment in read_cells))
    return [moment.days[order] * DAY + moment.clock for moment in read_cells if moment.days[order] != NO_DAY]
