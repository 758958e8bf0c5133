"""ForecastErrors of forecasts, over all of the horizon and at some lead times, and the views that show them.

Shapes: B windows, H readings of the horizon.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from tasks.base import Metrics
from tasks.views import Table

LEADS = (1, 6, 24, 48)  # hours
_HOUR = 3_600  # s


class ForecastErrors:
    """Sums of a method's errors at every lead time, in the target's unit."""

    def __init__(self, horizon: int, device: torch.device) -> None:
        self.squared = torch.zeros(horizon, dtype=torch.float64, device=device)
        self.absolute = torch.zeros_like(self.squared)
        self.windows = 0

    def add(self, difference: Tensor) -> None:
        """Add the errors (B,H) of some windows: forecast less truth, in the target's unit."""
        wide = difference.double()
        self.squared += wide.square().sum(0)
        self.absolute += wide.abs().sum(0)
        self.windows += len(wide)

    @property
    def mse(self) -> float:
        return float(self.squared.mean()) / self.windows

    @property
    def mae(self) -> float:
        return float(self.absolute.mean()) / self.windows

    def rmse_at(self, place: int) -> float:
        """Return the RMSE at one lead time, given by its place in the horizon."""
        return math.sqrt(float(self.squared[place]) / self.windows)

    def metrics(self, spread: float) -> Metrics:
        """Return ``mse_norm mse_c2 mae_c rmse_c``; ``spread``: one scaled unit in the target's."""
        mse = self.mse
        return {"mse_norm": mse / spread**2, "mse_c2": mse, "mae_c": self.mae, "rmse_c": math.sqrt(mse)}


def by_horizon(errors: Mapping[str, ForecastErrors], step: int, unit: str) -> Table:
    """Return the RMSE of each method at some lead times, and over the whole horizon."""
    horizon = len(next(iter(errors.values())).squared)
    places = {f"{hours} h": hours * _HOUR // step - 1 for hours in LEADS if hours * _HOUR % step == 0}
    rows: list[Sequence[str | float]] = [
        [name, *(each.rmse_at(place) for each in errors.values())]
        for name, place in places.items()
        if 0 <= place < horizon
    ]
    rows.append([f"all {horizon * step / _HOUR:g} h", *(math.sqrt(each.mse) for each in errors.values())])
    return Table(
        title="error by lead time",
        note=f"RMSE in {unit} at that lead time; the last row: over all of the horizon",
        columns=["lead", *errors],
        rows=[list(row) for row in rows],
    )
