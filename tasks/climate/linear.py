"""Linear forecast within the network: the baselines' ridge regression, kept in buffers.

Shapes: B windows, P readings of history, F features, H readings of the horizon, X inputs of the regression.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from tasks.climate import baselines
from tasks.climate.inputs import side_by_side
from tasks.climate.settings import Settings
from tasks.shared.baselines.ridge import Ridge


class LinearForecast(nn.Module):
    """Forecast without learning, corrected by a linear map of the network's inputs; not corrected before ``take``.

    It is computed in float32 whatever the precision of the network around it.

    Args:
        day: readings in a day.
        hourly: readings in an hour.
    """

    centre: Tensor  # (X,)
    weight: Tensor  # (X,H)
    bias: Tensor  # (H,)

    def __init__(self, settings: Settings, day: int, hourly: int) -> None:
        super().__init__()
        self.settings, self.day, self.hourly = settings, day, hourly
        self._beneath = baselines.FORECASTS[baselines.beneath_ridge(settings.residual)]
        width = self._inputs(torch.zeros(1, settings.history, len(settings.columns))).shape[1]
        self.register_buffer("centre", torch.zeros(width))
        self.register_buffer("weight", torch.zeros(width, settings.horizon))
        self.register_buffer("bias", torch.zeros(settings.horizon))

    def forward(self, features: Tensor, past: Tensor) -> Tensor:
        """Prepared ``features`` (B,P,F) and the target's ``past`` (B,P) → (B,H)."""
        with torch.autocast(past.device.type, enabled=False):
            moved: Tensor = (self._inputs(features.float()) - self.centre) @ self.weight + self.bias
            return self._beneath(past.float(), self.settings.horizon, self.day) + moved

    def take(self, found: Mapping[str, Tensor]) -> None:
        """Copy a regression's ``linear_map`` from these inputs to the correction."""
        for name, tensor in found.items():
            self.get_buffer(name).copy_(tensor)

    def _inputs(self, features: Tensor) -> Tensor:
        return side_by_side(features, self.settings, self.hourly)

    def extra_repr(self) -> str:
        width, horizon = self.weight.shape
        return f"{width}, {horizon}, fitted beforehand"


def linear_map(ridge: Ridge) -> dict[str, Tensor]:
    """Return a regression's tensors by the names of ``LinearForecast``."""
    return {"centre": ridge.x_mean, "weight": ridge.weight, "bias": ridge.y_mean}
