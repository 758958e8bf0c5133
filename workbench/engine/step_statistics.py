"""Statistics of the training steps between two reports, gathered without waiting for the device at each step."""

from __future__ import annotations

import time
from typing import NamedTuple

import torch
from torch import Tensor

_REPORT_SECONDS = 0.25


class StepSummary(NamedTuple):
    """Statistics of the steps since the last report."""

    loss: float  # mean
    grad_norm: float  # the largest, before clipping
    examples_per_s: float


class StepStatistics:
    """Loss, gradient norm and speed of the steps since the last report, and the pace of this process."""

    def __init__(self, device: torch.device) -> None:
        self._zero = torch.zeros((), device=device)
        self._began = time.monotonic()
        self.reported_steps = 0
        self._reset()

    def _reset(self) -> None:
        self._loss, self._norm = self._zero, self._zero
        self.steps = self._examples = 0
        self._since = time.monotonic()

    def add(self, loss: Tensor, norm: Tensor, examples: int) -> None:
        """Take in a step: its loss () and gradient norm (), both on the device, and its number of examples."""
        self._loss = self._loss + loss.detach()
        self._norm = torch.maximum(self._norm, norm.detach())  # keeps a NaN
        self.steps += 1
        self._examples += examples

    @property
    def due(self) -> bool:
        """True where the last report is old enough for another."""
        return time.monotonic() - self._since >= _REPORT_SECONDS

    def summarize(self) -> StepSummary:
        """Return the statistics since the last call, and start over; waits for the device."""
        loss, norm = float(self._loss) / self.steps, float(self._norm)
        speed = self._examples / max(time.monotonic() - self._since, 1e-9)
        self.reported_steps += self.steps
        self._reset()
        return StepSummary(loss, norm, speed)

    @property
    def elapsed(self) -> float:
        """Seconds since this process began to train."""
        return time.monotonic() - self._began

    def seconds_for(self, steps: int) -> float | None:
        """Estimate the seconds of ``steps`` more, from the mean pace of this process, evaluations included."""
        return steps * self.elapsed / self.reported_steps if self.reported_steps else None
