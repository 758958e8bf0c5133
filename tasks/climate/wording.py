"""Words for times, spans and counts in remarks. No numpy."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import SupportsInt

_EPOCH = datetime(1970, 1, 1)
_UNITS = (("day", 86_400), ("h", 3_600), ("min", 60))


def format_time(seconds: SupportsInt) -> str:
    """Return a time, in seconds since 1970, as text: 2024-10-05 12:00."""
    return (_EPOCH + timedelta(seconds=int(seconds))).isoformat(" ")[:16]


def format_span(seconds: int) -> str:
    """Return a length of time in its largest whole unit: 10 min."""
    name, size = next(((name, size) for name, size in _UNITS if seconds % size == 0), ("s", 1))
    count = seconds // size
    return f"{count:,} {name}{'s' if name == 'day' and count != 1 else ''}"


def counted(count: int, noun: str) -> str:
    """Return a number with its noun: 1 reading, 3,888 readings."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
