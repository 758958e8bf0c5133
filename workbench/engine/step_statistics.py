"""Statistics of the training steps between two reports, gathered without waiting for the device at each step."""

from __future__ import annotations

import math
import time
from typing import NamedTuple

import torch
from torch import Tensor

_REPORT_SECONDS = 0.25


class StepSummary(NamedTuple):
    """Statistics of the steps since the last report."""

    loss: float  # mean; of the steps that were not skipped, NaN where every one was
    grad_norm: float  # the largest, before clipping
    examples_per_s: float
    skipped: int = 0  # steps whose loss was not finite, where such steps are skipped
    skipped_in_a_row: int = 0  # up to the last step, also before the last report


class StepStatistics:
    """Loss, gradient norm and speed of the steps since the last report, and the pace of this process.

    Args:
        skipping: a step whose loss is not finite is skipped (loss scaling): it is counted, and not in the mean.
    """

    def __init__(self, device: torch.device, *, skipping: bool = False) -> None:
        self._skipping = skipping
        self._in_a_row = torch.zeros((), device=device)
        self._zero = torch.zeros((), device=device)
        self._began = time.monotonic()
        self.reported_steps = 0
        self._reset()

    def _reset(self) -> None:
        self._loss, self._norm, self._skipped = self._zero, self._zero, self._zero
        self.steps = self._examples = 0
        self._since = time.monotonic()

    def add(self, loss: Tensor, norm: Tensor, examples: int) -> None:
        """Take in a step: its loss () and gradient norm (), both on the device, and its number of examples."""
        loss = loss.detach()
        if self._skipping:
            wrong = ~loss.isfinite()
            self._skipped = self._skipped + wrong
            self._in_a_row = (self._in_a_row + 1) * wrong
            loss = loss.masked_fill(wrong, 0)
        self._loss = self._loss + loss
        self._norm = torch.maximum(self._norm, norm.detach())  # keeps a NaN
        self.steps += 1
        self._examples += examples

    @property
    def due(self) -> bool:
        """True where the last report is old enough for another."""
        return time.monotonic() - self._since >= _REPORT_SECONDS

    def summarize(self) -> StepSummary:
        """Return the statistics since the last call, and start over; waits for the device."""
        skipped = int(self._skipped) if self._skipping else 0
        in_a_row = int(self._in_a_row) if self._skipping else 0
        loss = float(self._loss) / (self.steps - skipped) if skipped < self.steps else math.nan
        norm = float(self._norm)
        speed = self._examples / max(time.monotonic() - self._since, 1e-9)
        self.reported_steps += self.steps
        self._reset()
        return StepSummary(loss, norm, speed, skipped, in_a_row)

    @property
    def elapsed(self) -> float:
        """Seconds since this process began to train."""
        return time.monotonic() - self._began

    def seconds_for(self, steps: int) -> float | None:
        """Estimate the seconds of ``steps`` more, from the mean pace of this process, evaluations included."""
        return steps * self.elapsed / self.reported_steps if self.reported_steps else None
