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
_BACK = 48  # hours of history that are drawn


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
    back = min(len(past), _BACK * _HOUR // step)
    horizon = len(predicted)
    before: list[float | None] = [None] * back
    curves: dict[str, Sequence[float | None]] = {
        "truth" if truth is not None else "history": [*_plain(past[-back:]), *(_plain(truth) or [None] * horizon)],
        "forecast": [*before, *_plain(predicted)],
    }
    for name in BASELINES:
        curves[name] = [*before, *_plain(baselines.FORECASTS[name](past[None], horizon, day)[0])]
    # an hour's last reading, not its first: the last reading of all stands at 0 h
    every_nth = slice((back - 1) % thin, None, thin)
    hours = [(tick + 1 - back) * step / _HOUR for tick in range(back + horizon)]
    return Series(
        title=title,
        note=f"{unit} over hours from the last reading",
        x_label="hours",
        x=[round(hour, 3) for hour in hours[every_nth]],
        curves={name: list(values)[every_nth] for name, values in curves.items()},
    )


def _plain(values: Tensor | None) -> list[float | None]:
    return [] if values is None else [round(value, 2) for value in values.tolist()]
