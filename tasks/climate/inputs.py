"""Inputs that are made of a history: for the recurrence step by step, for a linear map side by side.

Shapes: B windows, P readings of history, F features, S steps, I input size, X inputs of a linear map.
"""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor

from tasks.climate import baselines
from tasks.climate.settings import Settings

MOST_INPUTS = 2_000  # of a linear map: its normal equations are as wide, and twice as many take ten times as long


def prepared(features: Tensor, settings: Settings, calendar: Tensor, day: int) -> Tensor:
    """Return the features as the network reads them, anomalies or the scaled ones themselves: (B,P,F) → (B,P,F).

    Args:
        calendar: (F,) which features are made from the clock: they have no anomaly.
        day: readings in a day.
    """
    if settings.inputs == "scaled":
        return features
    return torch.where(calendar, features, baselines.anomaly(features, day))


def input_size(settings: Settings) -> int:
    """Return I, the width of a step."""
    return len(settings.columns) * (settings.patch_length if settings.patch == "segments" else 1)


def patches(features: Tensor, settings: Settings) -> Tensor:
    """Return the steps that the recurrence takes: (B,P,F) → (B,S,I)."""
    if settings.patch == "none":
        return features
    size, width = len(features), features.shape[-1]
    cut = features.reshape(size, -1, settings.patch_length, width)  # (B,S,L,F)
    return cut.mean(2) if settings.patch == "mean" else cut.flatten(2)


def side_by_side(features: Tensor, settings: Settings, hourly: int) -> Tensor:
    """Return the values of all of the network's steps, or of means, side by side: ``prepared`` (B,P,F) → (B,X).

    Args:
        hourly: readings in an hour. Means over an hour are taken where the network's steps hold more than 2,000
            values, and over as many hours as bring the means within 2,000.
    """
    steps = patches(features, settings).flatten(1)
    if steps.shape[1] <= MOST_INPUTS:
        return steps
    _, history, width = features.shape
    most = max(1, MOST_INPUTS // width)  # means of each feature
    hours = next(n for n in itertools.count(1) if math.ceil(history / (n * hourly)) <= most)
    whole, rest = divmod(history, hours * hourly)
    lengths = [rest] * bool(rest) + [hours * hourly] * whole  # the oldest mean may be of fewer readings
    return torch.cat([part.mean(1) for part in torch.split(features, lengths, 1)], 1)
