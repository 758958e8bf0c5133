"""Calendar features: columns made from the time, where the file has none of their name.

Shapes: R readings.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_PERIODS = {"hour": (86_400, 3_600), "year": (365.2425 * 86_400, 86_400)}  # period and unit in seconds


def is_calendar(name: str) -> bool:
    return name in _PERIODS


def feature(name: str, seconds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the hour of the day (0 to 24) or the day of the year (0 to 365.2) of times (R,) in seconds since 1970."""
    period, unit = _PERIODS[name]
    return np.asarray((seconds % period) / unit)
