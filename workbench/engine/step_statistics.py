"""What a training's steps add up to between two reports, without waiting for the device at each of them."""

from __future__ import annotations

import time

import torch
from torch import Tensor

_REPORT_SECONDS = 0.25


class Meter:
    """Mean loss, largest gradient norm and speed since the last report."""

    def __init__(self, device: torch.device) -> None:
        self._zero = torch.zeros((), device=device)
        self._began = time.monotonic()
        self.done_steps = 0
        self._reset()

    def _reset(self) -> None:
        self._loss, self._norm = self._zero, self._zero
        self.steps = self._examples = 0
        self._since = time.monotonic()

    def add(self, loss: Tensor, norm: Tensor, examples: int) -> None:
        self._loss = self._loss + loss.detach()
        self._norm = torch.maximum(self._norm, norm.detach())  # keeps a NaN
        self.steps += 1
        self._examples += examples

    @property
    def due(self) -> bool:
        return time.monotonic() - self._since >= _REPORT_SECONDS

    def read(self) -> tuple[float, float, float]:
        """Mean loss, largest gradient norm, examples a second since the last reading; starts over."""
        loss, norm = float(self._loss) / self.steps, float(self._norm)  # the device is waited for here
        speed = self._examples / max(time.monotonic() - self._since, 1e-9)
        self.done_steps += self.steps
        self._reset()
        return loss, norm, speed

    @property
    def elapsed(self) -> float:
        """Seconds since this life of the run began to train."""
        return time.monotonic() - self._began

    def seconds_for(self, steps: int) -> float | None:
        """How long ``steps`` more will take, at the mean pace of this life, evaluations included."""
        return steps * self.elapsed / self.done_steps if self.done_steps else None
