"""The forecaster: patches → recurrence → pooling → head → a correction of a baseline forecast, or the forecast itself.

Shapes: B windows, P readings of history, F features, S steps, I input size, D directions, O output size,
H readings of the horizon, K segments of the head, L values in a segment.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tasks.base import RecurrentNetwork
from tasks.climate import baselines
from tasks.climate.inputs import patches, prepared
from tasks.climate.linear import LinearForecast
from tasks.climate.settings import Settings
from tasks.shared.classification.model import LastMeanPooling, LastState


class SegmentHead(nn.Module):
    """A state → K segments of L values: one layer for all of them, and an embedding of each segment's place."""

    def __init__(self, width: int, horizon: int, length: int) -> None:
        super().__init__()
        self.place = nn.Parameter(0.1 * torch.randn(horizon // length, width))
        self.write = nn.Linear(width, length)

    def forward(self, state: Tensor) -> Tensor:
        """(B,D·O) → (B,H)."""
        places = torch.tanh(state[:, None] + self.place)  # (B,K,D·O)
        values: Tensor = self.write(places)  # (B,K,L)
        return values.flatten(1)


class Forecaster(nn.Module):
    """Five days of readings → two days of the target, both scaled.

    Args:
        recurrent: (B,S,I) → (B,S,D·O), as wide as ``input_size`` says.
        calendar: which features are made from the clock: they have no anomaly.
        day, hourly: readings in a day and in an hour.
    """

    calendar: Tensor

    def __init__(
        self, settings: Settings, recurrent: RecurrentNetwork, calendar: list[bool], day: int, hourly: int = 1
    ) -> None:
        super().__init__()
        self.settings = settings
        self.day = day
        self.register_buffer("calendar", torch.tensor(calendar), persistent=False)
        self.recurrent = recurrent
        self.dropout = nn.Dropout(settings.dropout)
        width = recurrent.directions * recurrent.output_size
        pooling = LastMeanPooling if settings.pooling == "last-mean" else LastState
        self.pool = pooling(width, recurrent.directions)
        if settings.head == "segments":
            self.head: nn.Module = SegmentHead(self.pool.width, settings.horizon, settings.segment)
            last = self.head.write
        else:
            self.head = last = nn.Linear(self.pool.width, settings.horizon)
        if settings.residual != "none":  # a correction of zero: the baseline forecast is where learning begins
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
        self.linear = LinearForecast(settings, day, hourly) if settings.uses_ridge else None

    def forward(self, features: Tensor, past: Tensor) -> Tensor:
        """``features`` (B,P,F), ``past`` (B,P) of the target → (B,H)."""
        return self.completed(features, past, self.correction(features))

    def completed(self, features: Tensor, past: Tensor, correction: Tensor) -> Tensor:
        """Return the forecast that the network's own part (N,H) belongs to; N is B, or any number where B is 1.

        It is corrected by that part, and then, but not in training, averaged with the linear forecast beside it, which
        has learned the training windows better than it knows others: beneath a loss it would leave nothing to learn.
        """
        forecast = self.baselines(features, past) + correction
        if self.settings.beside == "none" or self.training:
            return forecast
        return (forecast + self._linear(features, past)) / 2

    def steps(self, features: Tensor) -> Tensor:
        """Return what the recurrence reads of a history, step by step: (B,P,F) → (B,S,I)."""
        return patches(prepared(features, self.settings, self.calendar, self.day), self.settings)

    def readout(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        """Return the network's own part of the forecast: outputs (B,S,D·O), ``lengths`` (B,) on the CPU → (B,H)."""
        values: Tensor = self.head(self.dropout(self.pool(outputs, lengths)))
        return values

    def correction(self, features: Tensor) -> Tensor:
        """Return the network's addition to the baseline forecast: (B,P,F) → (B,H)."""
        features = prepared(features, self.settings, self.calendar, self.day)
        if self.settings.inputs == "anomaly" and self.training and self.settings.mirror:
            sign = torch.randint(2, (len(features), 1), device=features.device) * 2.0 - 1.0
            return sign * self._read(torch.where(self.calendar, features, sign[..., None] * features))
        return self._read(features)

    def _read(self, features: Tensor) -> Tensor:
        outputs, _ = self.recurrent(patches(features, self.settings))  # (B,S,D·O)
        return self.readout(outputs, torch.full((len(outputs),), outputs.shape[1]))

    def baselines(self, features: Tensor, past: Tensor) -> Tensor:
        """Return the baseline forecast that the network corrects, or zeros: (B,P,F), (B,P) → (B,H)."""
        if self.settings.residual == "none":
            return past.new_zeros(len(past), self.settings.horizon)
        if self.settings.residual == "ridge":
            return self._linear(features, past)
        return baselines.FORECASTS[self.settings.residual.replace("-", " ")](past, self.settings.horizon, self.day)

    def _linear(self, features: Tensor, past: Tensor) -> Tensor:
        assert self.linear is not None
        forecast: Tensor = self.linear(prepared(features, self.settings, self.calendar, self.day), past)
        return forecast
