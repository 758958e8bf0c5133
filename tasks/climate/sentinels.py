"""Sentinels: values that a logger writes in place of a missing reading, seen by how far off they stand.

A column's lowest or highest values are taken for sentinels where each is a number that loggers are known to write, or
is repeated, and where the gap to the other readings is wider than the range of all of these.

Shapes: N readings.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_SURE = (-9999.9, -999.0, -999.9, -999.99, -6999.0, -7999.0, -8888.0, -99999.0, -32768.0, 99999.0, 999999.0)
_HUGE = 1e19  # 1e20 and 9.96921e36 are fill values of netCDF and its like
_KNOWN = (-99.0, -99.9, -99.99, -200.0, -777.0, -888.0, 999.0, 999.9, 999.99, 9999.0, 9999.9, 6999.0, 32767.0, 65535.0)
_FEW = 3  # repetitions of one value; distinct values at either end that may all be sentinels
_MANY = 10  # distinct values that make a range


class Sentinels(NamedTuple):
    """Values far outside a column's other readings, and how often each stands there."""

    known: dict[float, int]  # loggers write them in place of a missing reading
    suspected: dict[float, int]  # repeated, but perhaps readings
    low: float  # the range of the others
    high: float


def find(values: NDArray[np.float64]) -> Sentinels | None:
    """Return a column's sentinels; ``None``: there are none.

    Args:
        values: (N,), NaN: missing.
    """
    distinct, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    if len(distinct) < _MANY:
        return None
    below, above = _outside(distinct, counts)
    if not below and not above:
        below = _alone_below_zero(distinct, counts)
    if not below and not above:
        return None
    others = distinct[below : len(distinct) - above]
    known: dict[float, int] = {}
    suspected: dict[float, int] = {}
    for place in (*range(below), *range(len(distinct) - above, len(distinct))):
        value, count = float(distinct[place]), int(counts[place])
        (known if _is_known(value, count) else suspected)[value] = count
    return Sentinels(known, suspected, float(others[0]), float(others[-1]))


def _outside(distinct: NDArray[np.float64], counts: NDArray[np.int64]) -> tuple[int, int]:
    """How many of the lowest and of the highest distinct values are sentinels: as many as may be."""
    best = (0, 0)
    for below in range(_FEW + 1):
        for above in range(_FEW + 1):
            inner = distinct[below : len(distinct) - above]
            if len(inner) < _MANY or below + above <= sum(best):
                continue
            span = inner[-1] - inner[0]
            far = (not below or inner[0] - distinct[below - 1] > span) and (
                not above or distinct[-above] - inner[-1] > span
            )
            ends = (*range(below), *range(len(distinct) - above, len(distinct)))
            if far and all(_is_known(float(distinct[k]), int(counts[k])) or counts[k] >= _FEW for k in ends):
                best = (below, above)
    return best


def _alone_below_zero(distinct: NDArray[np.float64], counts: NDArray[np.int64]) -> int:
    """1 if the lowest value is a known sentinel, repeated, and the only one below zero; else 0."""
    known = distinct[0] in _SURE or distinct[0] in _KNOWN
    return int(distinct[0] < 0 <= distinct[1] and counts[0] >= _FEW and known)


def _is_known(value: float, count: int) -> bool:
    return value in _SURE or abs(value) >= _HUGE or (count > 1 and value in _KNOWN)
