"""Times written as text, in the shapes that loggers and spreadsheets write or in a format that is given.

Shapes: N rows.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.climate import moments
from tasks.climate.moments import COMPACT, DAY, EPOCH, NO_DAY, WRITTEN, Moment

_DATE_PARTS = ("%Y", "%y", "%m", "%d", "%b", "%B", "%j", "%z")  # directives of a date
_KNOWN = "2024-03-31 12:00, 2024-03-31T12:00:00Z, 31.03.2024 12:00:00 and their like"

_FEWEST = 20  # times among which one may be far off
_MOST_STRAYS, _STRAYS = 10, 0.05  # such times, and their share: more are a part of the series


class BadTimeError(ValueError):
    """A cell that is no time: its row, and what is wrong with it."""

    def __init__(self, row: int, what: str) -> None:
        super().__init__(what)
        self.row = row


class FarOff(NamedTuple):
    """A time that cannot belong to the others: its row, and those of the first and the last of the others."""

    row: int
    first: int
    last: int


class Times(NamedTuple):
    """Times of N rows in seconds since 1970."""

    seconds: NDArray[np.int64]  # (N,)
    notes: list[str]


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
    found: list[Moment] = []
    for row, cell in enumerate(cells):
        moment = moments.read(cell.strip())
        if moment is None and any(form.fullmatch(cell.strip()) for form in (WRITTEN, COMPACT)):
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
        found.append(moment)
    order = _order(found, cells)
    for row, moment in enumerate(found):
        if (moment.offset is None) != (found[0].offset is None):
            raise BadTimeError(
                row, f"{cells[row]!r} and {cells[0]!r} are not both written with an offset from UTC: write all alike"
            )
    seconds = [moment.days[order] * DAY + moment.clock - (moment.offset or 0) for moment in found]
    notes = ["Times were turned into UTC by the offsets written with them."] if any(m.offset for m in found) else []
    return Times(np.array(seconds, dtype=np.int64), notes)


def far_off(seconds: NDArray[np.int64]) -> FarOff | None:
    """Return a time that a gap wider than all the others' span parts from them; ``None``: there is none.

    Args:
        seconds: (N,) in any order.
    """
    order = np.argsort(seconds, kind="stable")
    ascending = seconds[order]
    if len(ascending) < _FEWEST:
        return None
    gaps = np.diff(ascending)
    widest = int(gaps.argmax())
    after = len(ascending) - widest - 1  # of the gap
    others, strays = (
        (order[: widest + 1], order[widest + 1 :]) if after <= widest else (order[widest + 1 :], order[: widest + 1])
    )
    span = seconds[others[-1]] - seconds[others[0]]
    if len(strays) > _MOST_STRAYS or len(strays) > _STRAYS * len(others) or gaps[widest] <= span:
        return None
    return FarOff(int(strays.min()), int(others[0]), int(others[-1]))


def _order(found: Sequence[Moment], cells: Sequence[str]) -> int:
    """Return 0 where dates are written with the day first, 1 with the month first; 0 where none is written so."""
    if all(moment.days[0] == moment.days[1] for moment in found):
        return 0
    possible = {0, 1}
    for row, moment in enumerate(found):
        remaining = {order for order in possible if moment.days[order] != NO_DAY}
        if not remaining:
            first = "day" if possible == {0} else "month"
            raise BadTimeError(row, f"{cells[row]!r} is no date with the {first} first, as the dates above it are")
        possible = remaining
    if len(possible) == 2:
        row = next(row for row, moment in enumerate(found) if moment.days[0] != moment.days[1])
        forms = " or ".join(_guess(cells[row], order) for order in ("%d{0}%m", "%m{0}%d"))
        raise BadTimeError(row, f"{cells[row]!r} may have the day or the month first: set task.date_format to {forms}")
    return min(possible)


def _guess(cell: str, order: str) -> str:
    """The format of a cell, as in ``strptime``: an example for the reader."""
    found = WRITTEN.fullmatch(cell.strip())
    assert found
    parts = [found["hour"] and ("%I" if found["half"] else "%H"), found["minute"] and "%M", found["seconds"] and "%S"]
    clock = ":".join(part for part in parts if part) + (" %p" if found["half"] else "")
    return f"{order.format(found['mark'])}{found['mark']}%Y{' ' if clock else ''}{clock}"


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
        return int((moment - EPOCH).total_seconds())

    halves = date_format.split(" ")
    if len(halves) != 2 or any(part in halves[1] for part in _DATE_PARTS):
        return lambda cell: whole(cell.strip(), date_format)
    day = functools.cache(lambda cell: whole(cell, halves[0]))
    clock = functools.cache(lambda cell: whole(f"1970 {cell}", f"%Y {halves[1]}"))

    def split(cell: str) -> int:
        date, _, time = cell.strip().partition(" ")
        return day(date) + clock(time)

    return split
