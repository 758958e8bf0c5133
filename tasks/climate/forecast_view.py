"""Chart of one window: the history, the network's forecast and the baselines'.

Shapes: P readings of history, H readings of the horizon.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from tasks.climate import baselines
from tasks.views import Series

BASELINES = ("last value", "same time yesterday")
_HOUR = 3_600  # s
_BACK, _FEWEST = 48, 14  # hours of history that are drawn, and readings at least
_MOST_WINDOWS, _MOST_READINGS = 24, 5_000  # that a run keeps for pictures; the readings are those of all windows


def back(history: int, step: int) -> int:
    """Return how many of a window's readings are drawn before its forecast."""
    return min(history, max(_BACK * _HOUR // step, _FEWEST))


def spread_windows(shown: int, size: int, span: int) -> list[int]:
    """Return the numbers of the windows that a run keeps: evenly spread from first to last, and the one shown.

    Args:
        shown: number of the window that the run shows.
        size: windows of the split.
        span: readings that are drawn of a window.

    Returns:
        the numbers in ascending order; none where one window is too long for more to be kept.
    """
    count = min(_MOST_WINDOWS, _MOST_READINGS // span, size)
    if count < 2:
        return []
    return sorted({shown, *(round(place * (size - 1) / (count - 1)) for place in range(count))})


def forecast(
    title: str,
    past: Tensor,
    predicted: Tensor,
    truth: Tensor | None,
    *,
    step: int,
    day: int,
    unit: str,
    thin: int = 1,
) -> Series:
    """Return the curves of a window, in the target's unit, over hours from its last reading on.

    Args:
        past: (P,) the target's readings.
        predicted: (H,)
        truth: (H,) where it is known.
        thin: draw every so many readings.
    """
    before = back(len(past), step)
    horizon = len(predicted)
    gap: list[float | None] = [None] * before
    curves: dict[str, Sequence[float | None]] = {
        "truth" if truth is not None else "history": [*_plain(past[-before:]), *(_plain(truth) or [None] * horizon)],
        "forecast": [*gap, *_plain(predicted)],
    }
    for name in BASELINES:
        curves[name] = [*gap, *_plain(baselines.FORECASTS[name](past[None], horizon, day)[0])]
    # an hour's last reading, not its first: the last reading of all stands at 0 h
    every_nth = slice((before - 1) % thin, None, thin)
    hours = [(tick + 1 - before) * step / _HOUR for tick in range(before + horizon)]
    return Series(
        title=title,
        note=f"{unit} over hours from the last reading",
        x_label="hours",
        x=[round(hour, 3) for hour in hours[every_nth]],
        curves={name: list(values)[every_nth] for name, values in curves.items()},
    )


def _plain(values: Tensor | None) -> list[float | None]:
    return [] if values is None else [round(value, 2) for value in values.tolist()]
