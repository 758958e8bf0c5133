"""A curve that is thinned as it grows."""

from __future__ import annotations

import math

from workbench.plot import Point

_LIMIT = 4096
_SMOOTH = 0.9


class Curve:
    """Points in the order of x. However many come, a few thousand stay, every extreme among them."""

    def __init__(self, name: str, colour: str, *, faint: bool = False) -> None:
        self.name = name
        self.colour = colour  # a theme variable
        self.faint = faint
        self.points: list[Point] = []

    def add(self, x: float, y: float | None) -> None:
        """Add a point; what is not a finite number is a gap."""
        if y is None or not (math.isfinite(x) and math.isfinite(y)):
            return
        self.points.append((x, y))
        if len(self.points) > _LIMIT:
            self.points = thin(self.points, _LIMIT // 4)

    def clear(self) -> None:
        self.points = []


class Smoothed(Curve):
    """The running mean of what is added, the newest weighing most."""

    def __init__(self, name: str, colour: str) -> None:
        super().__init__(name, colour)
        self._sum = self._weight = 0.0

    def add(self, x: float, y: float | None) -> None:
        if y is None or not math.isfinite(y):
            return
        self._sum = _SMOOTH * self._sum + (1 - _SMOOTH) * y
        self._weight = _SMOOTH * self._weight + (1 - _SMOOTH)
        super().add(x, self._sum / self._weight)

    def clear(self) -> None:
        super().clear()
        self._sum = self._weight = 0.0


def thin(points: list[Point], columns: int) -> list[Point]:
    """The lowest and the highest point of each of ``columns`` equal stretches of x, the first point and the last."""
    if len(points) <= 2 * columns:
        return points
    start, end = points[0][0], points[-1][0]
    width = (end - start) / columns or 1.0
    kept: list[Point] = []
    low = high = points[0]
    column = 0
    for point in points:
        if (at := min(columns - 1, int((point[0] - start) / width))) != column:
            kept += sorted({low, high})
            column, low, high = at, point, point
        elif point[1] < low[1]:
            low = point
        elif point[1] > high[1]:
            high = point
    kept += sorted({low, high})
    begin, end_ = points[:1] * (kept[0] != points[0]), points[-1:] * (kept[-1] != points[-1])
    return [*begin, *kept, *end_]
