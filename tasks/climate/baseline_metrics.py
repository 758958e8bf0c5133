"""Metrics of the baselines: the forecasts without learning, and ridge regression on the network's own inputs.

The regression reads what the network reads (the same features, prepared alike, in the same patches) and corrects the
baseline forecast that the network corrects, or the day shape where the network corrects none.

Shapes: B windows, P readings of history, F features, H readings of the horizon, X inputs of the regression.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from tasks.base import EVAL_SPLITS, Baselines, Split
from tasks.climate import baselines
from tasks.climate.calendar import is_calendar
from tasks.climate.data import ClimateData
from tasks.climate.inputs import prepared, side_by_side
from tasks.climate.metrics import ForecastErrors
from tasks.climate.settings import Settings
from tasks.shared.baselines.ridge import Ridge

RIDGE = "ridge"
RIDGE_AT_EDGE = "ridge (best penalty at the end of its grid)"
_BATCH = 512


class Regression:
    """Ridge regression from the network's inputs to its correction, the penalty chosen on validation.

    Args:
        hourly: readings in an hour. Means over an hour are read where the network's steps hold more than 2,000 values,
            and over as many hours as bring the means within 2,000.
    """

    def __init__(self, settings: Settings, data: ClimateData, hourly: int) -> None:
        self.settings = settings
        self.data = data
        self.day = int(data.state["day"])
        self.hourly = hourly
        device = data.target.device
        self.calendar = torch.tensor([is_calendar(name) for name in settings.columns], device=device)
        self.beneath = baselines.beneath_ridge(settings.residual)
        self.ridge = Ridge(lambda: self._design("train"), lambda: self._design("val"))

    @property
    def name(self) -> str:
        """Name of the method: it tells where no penalty inside the grid was best."""
        return RIDGE_AT_EDGE if self.ridge.at_edge else RIDGE

    def forecast(self, features: Tensor, past: Tensor) -> Tensor:
        """Forecast the scaled target: features (B,P,F), its past (B,P) → (B,H)."""
        return self._base(past) + self.ridge(self._inputs(features))

    def _design(self, split: Split) -> Iterator[tuple[Tensor, Tensor]]:
        for rows in torch.split(self.data.rows[split], _BATCH):
            features, past = self.data.history(rows, self.settings.history)
            future = self.data.future(rows, self.settings.history, self.settings.horizon)
            yield self._inputs(features), future - self._base(past)

    def _base(self, past: Tensor) -> Tensor:
        return baselines.FORECASTS[self.beneath](past, self.settings.horizon, self.day)

    def _inputs(self, features: Tensor) -> Tensor:
        """Return what the regression reads: (B,P,F) → (B,X)."""
        return side_by_side(prepared(features, self.settings, self.calendar, self.day), self.settings, self.hourly)


def measure(regression: Regression) -> Baselines:
    """Return the metrics of every baseline on validation and test, the regression among them."""
    settings, data, day = regression.settings, regression.data, regression.day
    spread = float(data.state["spread"][-1])
    measured: Baselines = {}
    for split in EVAL_SPLITS:
        names = (*baselines.FORECASTS, regression.name)
        errors = {name: ForecastErrors(settings.horizon, data.target.device) for name in names}
        for rows in torch.split(data.rows[split], _BATCH):
            features, past = data.history(rows, settings.history)
            future = data.future(rows, settings.history, settings.horizon)
            for name, repeat in baselines.FORECASTS.items():
                errors[name].add((repeat(past, settings.horizon, day) - future) * spread)
            errors[regression.name].add((regression.forecast(features, past) - future) * spread)
        measured[split] = {name: each.metrics(spread) for name, each in errors.items()}
    return measured
