"""Numbers, ages and durations as text."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence


def duration(seconds: float | None) -> str:
    """Format seconds: ``8.2 s``, ``3:07``, ``1:02:45``; ``–`` where unknown."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def age(created: float, now: float | None = None) -> str:
    """Format the time since ``created`` (Unix seconds), in the largest unit that fits."""
    seconds = max(0.0, (time.time() if now is None else now) - created)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return "now"


def number(value: float | None, digits: int = 4) -> str:
    """Format a figure: ``0.8512``, ``12.35``, ``123.5``, ``1,235``, ``1.2e-05``, ``1.23e+40``, ``–`` for none.

    Args:
        digits: after the point for values below ten; fewer for larger ones, one at least.
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value and abs(value) < 10**-digits:
        return f"{value:.1e}"
    if abs(value) >= 1e6:
        return f"{value:.2e}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    digits = digits if abs(value) < 10 else min(digits, max(1, digits - (2 if abs(value) < 100 else 3)))
    return f"{value:.{digits}f}"


def percent(share: float, most: int = 3) -> str:
    """Format a share of 1 in percent: ``44``, ``<1``, ``>99``, ``100``.

    Args:
        most: characters; with two, ``99`` stands for 99 and more.
    """
    if 0 < share <= 0.005:
        return "<1"
    text = ">99" if 0.995 <= share < 1 else f"{share:.0%}"[:-1]
    return text if len(text) <= most else "99"


def column(values: Sequence[float | None]) -> list[str]:
    """Format the figures of a table's column with the same digits: four for shares, else two."""
    largest = max((abs(v) for v in values if v is not None and math.isfinite(v)), default=0.0)
    digits = 4 if largest <= 1 else 2
    return [f"{v:.{digits}f}" if v is not None and math.isfinite(v) and largest < 1000 else number(v) for v in values]
