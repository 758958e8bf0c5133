"""Baseline forecasts without learning: three ways to repeat the history.

Shapes: B windows, P readings of history, H readings of the horizon, any further axes after P.
``day`` is the number of readings in a day; every function reads the last whole days of the history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor


def last_value(past: Tensor, horizon: int, day: int) -> Tensor:
    """Repeat the last reading: (B,P,…) → (B,H,…)."""
    return past[:, -1:].expand(-1, horizon, *past.shape[2:])


def yesterday(past: Tensor, horizon: int, day: int) -> Tensor:
    """Repeat the last day: (B,P,…) → (B,H,…)."""
    return past[:, -day:][:, _clock(horizon, day, past)]


def day_shape(past: Tensor, horizon: int, day: int) -> Tensor:
    """Repeat the last day's mean plus the mean daily course of all whole days: (B,P,…) → (B,H,…)."""
    return _course(past, day)[:, _clock(horizon, day, past)]


def anomaly(past: Tensor, day: int) -> Tensor:
    """Return the history's difference from ``day_shape`` carried back over it: (B,P,…) → (B,P,…)."""
    length = past.shape[1]
    back = (torch.arange(length, device=past.device) - length) % day
    return past - _course(past, day)[:, back]


def _course(past: Tensor, day: int) -> Tensor:
    """The day that ``day_shape`` repeats: (B,P,…) → (B,day,…)."""
    days = past.shape[1] // day
    each = past[:, -days * day :].reshape(len(past), days, day, *past.shape[2:])  # (B,days,day,…)
    course: Tensor = each.mean(1)  # (B,day,…)
    return course - course.mean(1, keepdim=True) + each[:, -1].mean(1, keepdim=True)


def _clock(horizon: int, day: int, past: Tensor) -> Tensor:
    return torch.arange(horizon, device=past.device) % day


FORECASTS: Mapping[str, Callable[[Tensor, int, int], Tensor]] = {
    "last value": last_value,
    "same time yesterday": yesterday,
    "day shape": day_shape,
}


def beneath_ridge(residual: str) -> str:
    """Return the forecast that ridge regression corrects: the network's own, or day shape where that is none of these.

    Args:
        residual: the setting ``task.residual``.
    """
    name = residual.replace("-", " ")
    return name if name in FORECASTS else "day shape"
