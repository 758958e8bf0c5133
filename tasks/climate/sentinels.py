"""Sentinels: values that a logger writes in place of a missing reading, seen by how far off they stand.

A column's lowest or highest values are taken for sentinels where each is a number that loggers are known to write, or
is repeated, and where the gap to the other readings is wider than the range of all of these. Known ones that are the
only values below zero are sentinels at any distance.

Shapes: N readings, V distinct values.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.climate.marks import KNOWN, SURE

_HUGE = 1e19  # 1e20 and 9.96921e36 are fill values of netCDF and its like
_FEW = 3  # repetitions of one value; distinct values at either end that may all be sentinels
_MANY = 10  # distinct values that make a range; fewer may be levels of a switch or a dial


class Sentinels(NamedTuple):
    """Values far outside a column's other readings, and the count of each."""

    known: dict[float, int]  # loggers write them in place of a missing reading
    suspected: dict[float, int]  # repeated or known, but perhaps readings
    low: float  # the range of the others
    high: float


def find(values: NDArray[np.float64]) -> Sentinels | None:
    """Return a column's sentinels; ``None``: there are none.

    Args:
        values: (N,), NaN: missing.
    """
    distinct, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    alone = _alone_below_zero(distinct)
    below, above = _outside(distinct[alone:], counts[alone:])
    below += alone
    if not below and not above:
        return None
    others = distinct[below : len(distinct) - above]
    known: dict[float, int] = {}
    suspected: dict[float, int] = {}
    for place in (*range(below), *range(len(distinct) - above, len(distinct))):
        value, count = float(distinct[place]), int(counts[place])
        (known if _is_certain(value, count, others) else suspected)[value] = count
    return Sentinels(known, suspected, float(others[0]), float(others[-1]))


def _outside(distinct: NDArray[np.float64], counts: NDArray[np.int64]) -> tuple[int, int]:
    """Return the numbers of lowest and highest distinct values that are sentinels: as many as may be.

    Args:
        distinct: (V,), ascending.
        counts: (V,).
    """
    best = (0, 0)
    for below in range(_FEW + 1):
        for above in range(_FEW + 1):
            inner = distinct[below : len(distinct) - above]
            if not len(inner) or below + above <= sum(best):
                continue
            ends = (*range(below), *range(len(distinct) - above, len(distinct)))
            if all(_may_be(float(distinct[k]), int(counts[k]), inner) for k in ends):
                best = (below, above)
    return best


def _may_be(value: float, count: int, others: NDArray[np.float64]) -> bool:
    """Tell whether a value is far enough outside the others, and known or repeated."""
    if _gap(value, others) <= others[-1] - others[0]:
        return False
    if len(others) >= _MANY:
        return _is_known(value) or count >= _FEW
    return _is_known(value) and _gap(value, others) > abs(value) / 2  # 999 beside 1000 alone is a reading


def _alone_below_zero(distinct: NDArray[np.float64]) -> int:
    """Return the number of values below zero if they are few and all of them known sentinels; else 0.

    Args:
        distinct: (V,), ascending.
    """
    below = int(np.searchsorted(distinct, 0.0))
    others = distinct[below:]
    if below > _FEW or not len(others) or not all(_is_known(float(value)) for value in distinct[:below]):
        return 0
    steps = np.diff(others)
    if below and len(others) < _MANY and len(steps) and others[0] - distinct[below - 1] <= steps.max():
        return 0  # -200, 0, 200, 400 are levels
    return below


def _is_known(value: float) -> bool:
    return value in SURE or value in KNOWN or abs(value) >= _HUGE


def _is_certain(value: float, count: int, others: NDArray[np.float64]) -> bool:
    """Tell whether a sentinel is no reading beyond doubt: a known one, repeated where others write it as a reading."""
    if value in SURE or abs(value) >= _HUGE:
        return True
    far = _gap(value, others) > others[-1] - others[0]
    return _is_known(value) and count >= (2 if far else _FEW) and len(others) >= (_FEW if far else _MANY)


def _gap(value: float, others: NDArray[np.float64]) -> float:
    """Return the distance from a value outside the others' range to that range."""
    return float(max(others[0] - value, value - others[-1]))
