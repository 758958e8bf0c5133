"""Curves that keep every point, and return a range of them thinned and smoothed. Plain data, no widget."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from math import isfinite
from typing import cast

from workbench.render.plot import Point

_EXACT = 16_384  # points that are read one by one; of more, the extremes and the mean of each block
_BLOCK = 128
_NEGLIGIBLE = 1e-3  # weight in a running mean below which older points are left out
DEFAULT_SMOOTHING = 0.9  # weight of the preceding points in a running mean


class Curve:
    """Points in the order of x, sixteen bytes each.

    Args:
        color: a theme variable.
        faint: drawn paler, behind the others.
        brief: the name where room is short.
    """

    def __init__(self, name: str, color: str, *, faint: bool = False, brief: str = "") -> None:
        self.name = name
        self.brief = brief or name
        self.color = color
        self.faint = faint
        self._xs, self._ys = array("d"), array("d")
        self._peaks = array("L")  # indices of the lowest and the highest point of each whole block, in their order
        self._means = array("d")

    def add(self, x: float, y: float | None) -> None:
        """Add a point; a value that is not a finite number is a gap."""
        self.extend([x], [y])

    def extend(self, xs: Sequence[float], ys: Sequence[float | None]) -> None:
        """Add points in their order."""
        finite = None not in ys and isfinite(sum(cast("Sequence[float]", ys)))
        if not finite:
            points = [(x, y) for x, y in zip(xs, ys, strict=True) if y is not None and isfinite(y)]
            xs, ys = [x for x, _ in points], [y for _, y in points]
        self._xs.extend(xs)
        self._ys.extend(cast("Sequence[float]", ys))
        for begin in range(len(self._means) * _BLOCK, len(self._ys) - _BLOCK + 1, _BLOCK):
            block = self._ys[begin : begin + _BLOCK].tolist()
            self._peaks.extend(sorted(begin + block.index(peak) for peak in (min(block), max(block))))
            self._means.append(sum(block) / _BLOCK)

    def cut(self, x: float) -> None:
        """Drop the points after ``x``."""
        count = bisect_right(self._xs, x)
        blocks = count // _BLOCK
        del self._xs[count:], self._ys[count:], self._peaks[2 * blocks :], self._means[blocks:]

    def clear(self) -> None:
        """Drop all points."""
        self.cut(-math.inf)

    @property
    def ends(self) -> list[float]:
        """First and last x; empty as long as there is no point."""
        return [self._xs[0], self._xs[-1]] if self._xs else []

    @property
    def points(self) -> list[Point]:
        """All points with the default smoothing, of a long curve the extremes of its blocks."""
        return self._between(0, len(self._xs), DEFAULT_SMOOTHING)

    def visible_points(self, left: float, right: float, columns: int, weight: float = DEFAULT_SMOOTHING) -> list[Point]:
        """Return the points between two x and one more on either side, thinned for a chart of ``columns``."""
        first = max(0, bisect_left(self._xs, left) - 1)
        last = min(len(self._xs), bisect_right(self._xs, right) + 1)
        return thin(self._between(first, last, weight), columns)

    def at(self, x: float, weight: float = DEFAULT_SMOOTHING) -> Point | None:
        """Return the last point that is not after ``x``."""
        index = bisect_right(self._xs, x) - 1
        return self._between(index, index + 1, weight)[0] if index >= 0 else None

    def _between(self, first: int, last: int, weight: float) -> list[Point]:
        if last - first <= _EXACT:
            return list(zip(self._xs[first:last], self._ys[first:last], strict=True))
        begin, end = -(-first // _BLOCK), last // _BLOCK
        indices = (*range(first, begin * _BLOCK), *self._peaks[2 * begin : 2 * end], *range(end * _BLOCK, last))
        return [(self._xs[index], self._ys[index]) for index in indices]


class Smoothed(Curve):
    """Exponential running mean of the points.

    Args:
        of: a curve whose points these are; points are added to it alone.
    """

    def __init__(self, name: str, color: str, *, brief: str = "", of: Curve | None = None) -> None:
        super().__init__(name, color, brief=brief)
        if of is not None:
            self._xs, self._ys, self._peaks, self._means = of._xs, of._ys, of._peaks, of._means

    def _between(self, first: int, last: int, weight: float) -> list[Point]:
        if weight <= 0:
            return super()._between(first, last, weight)
        before = math.ceil(math.log(_NEGLIGIBLE) / math.log(weight))
        if last - first + before <= _EXACT:
            begin = max(0, first - before)
            means = smooth(self._ys[begin:last], weight)[first - begin :]
            return list(zip(self._xs[first:last], means, strict=True))
        first_block, end = first // _BLOCK, last // _BLOCK
        begin = max(0, first_block - math.ceil(before / _BLOCK))
        means = smooth(self._means[begin:end], weight**_BLOCK)[first_block - begin :]
        ends = self._xs[(first_block + 1) * _BLOCK - 1 : end * _BLOCK : _BLOCK]
        return [*zip(ends, means, strict=True), *(self._between(last - 1, last, weight) if last % _BLOCK else ())]


def smooth(values: Iterable[float], weight: float) -> list[float]:
    """Return the exponential running mean at each value, without bias towards zero at the beginning.

    Args:
        weight: of the preceding values, 0 to 1.
    """
    fresh, total, weights = 1.0 - weight, 0.0, 0.0
    means = []
    for value in values:
        total = weight * total + fresh * value
        weights = weight * weights + fresh
        means.append(total / weights)
    return means


def thin(points: Sequence[Point], columns: int) -> list[Point]:
    """Return the lowest and the highest point of each of ``columns`` equal ranges of x, the first and the last."""
    if len(points) <= 2 * columns:
        return list(points)
    start, end = points[0][0], points[-1][0]
    width = (end - start) / columns or 1.0
    extremes: list[Point] = []
    low = high = points[0]
    column = 0
    for point in points:
        if (at := min(columns - 1, int((point[0] - start) / width))) != column:
            extremes += sorted({low, high})
            column, low, high = at, point, point
        elif point[1] < low[1]:
            low = point
        elif point[1] > high[1]:
            high = point
    extremes += sorted({low, high})
    return [
        *(points[:1] if extremes[0] != points[0] else ()),
        *extremes,
        *(points[-1:] if extremes[-1] != points[-1] else ()),
    ]
