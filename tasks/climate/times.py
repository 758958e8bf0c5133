"""Times written as text, in the shapes that loggers and spreadsheets write or in a format that is given.

Shapes: N rows.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_EPOCH = datetime(1970, 1, 1)
_DAY = 86_400  # s
_NO_DAY = -(10**9)
_DATE_PARTS = ("%Y", "%y", "%m", "%d", "%b", "%B", "%j", "%z")  # directives of a date
_WRITTEN = re.compile(
    r"(?P<first>\d{1,4})(?P<mark>[./-])(?P<second>\d{1,2})(?P=mark)(?P<third>\d{4}|\d{1,2})"
    r"(?:(?:T|,?\s+)(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2})(?:[:.](?P<seconds>\d{2})(?:[.,]\d+)?)?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?",
)
_COMPACT = re.compile(
    r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})"
    r"(?:[T ]?(?P<hour>\d{2})(?:(?P<minute>\d{2})(?P<seconds>\d{2})?)?)?(?P<zone>Z)?"
)
_UNIX = re.compile(r"(?P<seconds>\d{10})(?:\d{3})?(?:\.\d+)?")  # or in milliseconds
_KNOWN = "2024-03-31 12:00, 2024-03-31T12:00:00Z, 31.03.2024 12:00:00 and their like"


class BadTimeError(ValueError):
    """A cell that is no time: its row, and what is wrong with it."""

    def __init__(self, row: int, what: str) -> None:
        super().__init__(what)
        self.row = row


class Times(NamedTuple):
    """Times of N rows in seconds since 1970."""

    seconds: NDArray[np.int64]  # (N,)
    notes: list[str]


class _Moment(NamedTuple):
    """A time as it is written."""

    days: tuple[int, int]  # since 1970, read with the day first and with the month first; ``_NO_DAY``: it is none
    clock: int  # seconds since midnight
    offset: int | None  # seconds east of UTC, where it is written


def parse(cells: Sequence[str], date_format: str = "") -> Times:
    """Return the times (N,) of cells.

    Args:
        date_format: as in ``strptime``; empty: ISO 8601 and its like, ``31.03.2024 12:00``, ``3/31/2024 12:00 PM``,
            ``20240331 1200``, seconds or milliseconds since 1970. Times with an offset become UTC.

    Raises:
        BadTimeError: a cell is no time, or may be read in two ways.
    """
    if date_format:
        return Times(_formatted(cells, date_format), [])
    moments: list[_Moment] = []
    for row, cell in enumerate(cells):
        moment = _moment(cell.strip())
        if moment is None and any(form.fullmatch(cell.strip()) for form in (_WRITTEN, _COMPACT)):
            raise BadTimeError(
                row,
                f"{cell!r} is no day or time of day in a known form: correct it, or write its "
                "form in task.date_format, as in strptime",
            )
        if moment is None:
            raise BadTimeError(
                row,
                f"{cell!r} is no time in a known form ({_KNOWN}): write its form in task.date_format, as in strptime, "
                "or name the column of the times with task.time_column",
            )
        moments.append(moment)
    order = _order(moments, cells)
    for row, moment in enumerate(moments):
        if (moment.offset is None) != (moments[0].offset is None):
            raise BadTimeError(
                row, f"{cells[row]!r} and {cells[0]!r} are not both written with an offset from UTC: write all alike"
            )
    seconds = [moment.days[order] * _DAY + moment.clock - (moment.offset or 0) for moment in moments]
    notes = ["Times were turned into UTC by the offsets written with them."] if any(m.offset for m in moments) else []
    return Times(np.array(seconds, dtype=np.int64), notes)


def _order(moments: Sequence[_Moment], cells: Sequence[str]) -> int:
    """Return 0 where dates are written with the day first, 1 with the month first; 0 where none is written so."""
    if all(moment.days[0] == moment.days[1] for moment in moments):
        return 0
    possible = {0, 1}
    for row, moment in enumerate(moments):
        remaining = {order for order in possible if moment.days[order] != _NO_DAY}
        if not remaining:
            first = "day" if possible == {0} else "month"
            raise BadTimeError(row, f"{cells[row]!r} is no date with the {first} first, as the dates above it are")
        possible = remaining
    if len(possible) == 2:
        row = next(row for row, moment in enumerate(moments) if moment.days[0] != moment.days[1])
        forms = " or ".join(_guess(cells[row], order) for order in ("%d{0}%m", "%m{0}%d"))
        raise BadTimeError(row, f"{cells[row]!r} may have the day or the month first: set task.date_format to {forms}")
    return min(possible)


def _guess(cell: str, order: str) -> str:
    """The format of a cell, as in ``strptime``: an example for the reader."""
    found = _WRITTEN.fullmatch(cell.strip())
    assert found
    parts = [found["hour"] and ("%I" if found["half"] else "%H"), found["minute"] and "%M", found["seconds"] and "%S"]
    clock = ":".join(part for part in parts if part) + (" %p" if found["half"] else "")
    return f"{order.format(found['mark'])}{found['mark']}%Y{' ' if clock else ''}{clock}"


def _moment(cell: str) -> _Moment | None:
    """The time of a cell; ``None``: it is none."""
    if found := _WRITTEN.fullmatch(cell):
        days = _days(found["first"], found["mark"], found["second"], found["third"])
        clock = _clock(found["hour"], found["minute"], found["seconds"], found["half"])
    elif found := _COMPACT.fullmatch(cell):
        days = _days(found["year"], "-", found["month"], found["day"])
        clock = _clock(found["hour"], found["minute"], found["seconds"], None)
    elif found := _UNIX.fullmatch(cell):
        day, clock = divmod(int(found["seconds"]), _DAY)
        return _Moment((day, day), clock, None)
    else:
        return None
    if days == (_NO_DAY, _NO_DAY) or clock is None:
        return None
    return _Moment(days, clock, _offset(found["zone"]))


@functools.cache
def _days(first: str, mark: str, second: str, third: str) -> tuple[int, int]:
    """The days since 1970 of a date, read with the day first and with the month first; ``_NO_DAY``: it is none."""
    one, two, three = int(first), int(second), int(third)
    if len(first) == 4:
        return (_day(one, two, three),) * 2
    if len(first) > 2 or len(third) == 1 or (len(third) == 2 and mark != "."):
        return (_NO_DAY, _NO_DAY)
    if mark == ".":
        year = three if len(third) == 4 else datetime.strptime(third, "%y").year
        return (_day(year, two, one),) * 2
    return _day(three, two, one), _day(three, one, two)


def _day(year: int, month: int, day: int) -> int:
    try:
        return date(year, month, day).toordinal() - _EPOCH.toordinal()
    except ValueError:
        return _NO_DAY


@functools.cache
def _clock(hour: str | None, minute: str | None, seconds: str | None, half: str | None) -> int | None:
    """The seconds since midnight, 24:00 among them; ``None``: there is no such time of day."""
    h, m, s = int(hour or 0), int(minute or 0), int(seconds or 0)
    if half:
        if not 1 <= h <= 12:
            return None
        h = h % 12 + (12 if half[0] in "Pp" else 0)
    passed = h * 3_600 + m * 60 + s
    return passed if m < 60 and s < 60 and passed <= _DAY else None


@functools.cache
def _offset(zone: str | None) -> int | None:
    """Seconds east of UTC; ``None``: none is written."""
    if zone is None:
        return None
    if not zone[1:].replace(":", "").isdecimal():  # Z, UTC, GMT
        return 0
    passed = int(zone[1:3]) * 3_600 + int(zone[3:].strip(":") or 0) * 60
    return -passed if zone[0] == "-" else passed


def _formatted(cells: Sequence[str], date_format: str) -> NDArray[np.int64]:
    """Times (N,) in a format that is given."""
    parse = _parser(date_format)
    seconds = []
    for row, cell in enumerate(cells):
        try:
            seconds.append(parse(cell))
        except ValueError:
            what = f"{cell!r} is no time, where {date_format} was expected: correct it, or task.date_format"
            raise BadTimeError(row, what) from None
    return np.array(seconds, dtype=np.int64)


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
