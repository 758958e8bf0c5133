"""Lengths of a series' windows for any distance between its readings. No numpy.

The station's are five days of history and two to forecast, read by the hour; a series of another distance has the same
in days, a daily one four weeks and a week, and a short one fewer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from tasks.base import Value

_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60  # s
_STEPS = [seconds for seconds in range(1, _DAY + 1) if _DAY % seconds == 0]  # that make a whole day
NEAR = 0.05  # share by which readings may miss such a step
_MOST_A_DAY = 5_000  # readings; of more, a day of history is too long to read
_SMALLEST_SPLIT = 0.15  # share of the readings that validation and test have each
_ROOM = 1.25  # windows' lengths that a split must hold, so that it has several
_HOURS = ((120, 48), (72, 24), (48, 24), (24, 12), (24, 6))  # of history and of forecast, the longest that fit
_DAYS = ((28, 7), (14, 7), (7, 3), (3, 1))  # of a daily series
_SEGMENT = 24  # values at most


def usual_step(seconds: Sequence[int]) -> int:
    """Return the most frequent distance between times in seconds; 0: there is none."""
    times = sorted(set(seconds))
    distances = Counter(after - before for before, after in pairwise(times))
    return max(distances, key=lambda step: (distances[step], -step)) if distances else 0


def near_step(step: int) -> int:
    """Return a distance near ``step``, 5 % off at most, at which readings make a whole day; ``step`` where none is."""
    if step > _DAY or step < 1 or _DAY % step == 0:
        return step
    nearest = min(_STEPS, key=lambda length: abs(length - step))
    return nearest if abs(nearest - step) <= NEAR * step else step


def whole_step(step: int) -> int:
    """Return a distance at which readings make a whole day, at most 5,000 of them: ``step`` or the next longer one."""
    if step > _DAY or step < 1:
        return step
    least = step if _DAY // step <= _MOST_A_DAY else _MINUTE
    return next(length for length in _STEPS if length >= least)


def windows(step: int, ticks: int, given: Mapping[str, Any]) -> dict[str, Value]:
    """Return the lengths of a series' windows that are not set, by name.

    Args:
        step: seconds between readings.
        ticks: readings of the whole series.
        given: the task's settings that are set, by name.
    """
    if not 0 < step <= _DAY:
        return {}
    unit = 1 if step == _DAY else max(1, _HOUR // step)
    usual = [(hours * _HOUR // step, max(1, ahead * _HOUR // step)) for hours, ahead in _HOURS if hours * _HOUR >= step]
    lengths = _DAYS if step == _DAY else usual
    room = _SMALLEST_SPLIT * ticks / _ROOM
    history, horizon = next((pair for pair in lengths if sum(pair) <= room), lengths[-1])
    found: dict[str, Value] = {"history": history, "horizon": horizon, "stride": unit}
    whole = {name: given.get(name, value) for name, value in found.items()}
    if given.get("patch") != "none":
        found["patch_length"] = _divisor(int(whole["history"]), unit)
    if given.get("head") == "segments":
        found["segment"] = _divisor(int(whole["horizon"]), _SEGMENT)
    return {name: value for name, value in found.items() if name not in given}


def _divisor(length: int, most: int) -> int:
    return next(part for part in range(min(most, length), 0, -1) if length % part == 0)
