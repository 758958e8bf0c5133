"""Search for parameters that are never trained: those that get no gradient, or nothing but zeros.

An output layer that begins at zero stops the gradient of all before it for a step or two. So only a parameter whose
gradient is exactly zero in each of the first ``ENOUGH_STEPS`` steps is dead; shorter trainings are not judged.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from workbench.engine.alarms import ENOUGH_STEPS


class GradientMonitor:
    """Observes the gradients of the first steps of this process; frozen parameters are left out."""

    def __init__(self, model: nn.Module) -> None:
        self._parameters = dict(model.named_parameters())
        self._largest: Tensor | None = None  # (parameters,): largest absolute gradient so far
        self._steps = 0
        self.missing: list[str] = []  # dotted names of the parameters that had no gradient in the first step

    def observe(self) -> None:
        """Take in the gradients of a step, before they are cleared. The device is not waited for."""
        if self._steps >= ENOUGH_STEPS:
            return
        self._steps += 1
        if self._steps == 1:
            self.missing = [name for name, p in self._parameters.items() if p.requires_grad and p.grad is None]
        largest = torch.stack([*map(_largest, self._parameters.values())])
        self._largest = largest if self._largest is None else torch.maximum(self._largest, largest)  # keeps a NaN

    def zero(self) -> list[str]:
        """Return the dotted names of the parameters whose gradient was exactly zero in each of the first steps.

        None before ``ENOUGH_STEPS`` steps, nor where every gradient was zero. Waits for the device.
        """
        if self._steps < ENOUGH_STEPS or self._largest is None:
            return []
        pairs = zip(self._parameters, self._largest.tolist(), strict=True)
        names = [name for name, largest in pairs if largest == 0 and name not in self.missing]
        return names if len(names) + len(self.missing) < len(self._parameters) else []


def _largest(parameter: nn.Parameter) -> Tensor:
    """Return the largest absolute gradient () of a parameter; infinity for one that is frozen or empty."""
    gradient = parameter.grad
    if not parameter.requires_grad or not parameter.numel():
        return torch.full((), torch.inf, device=parameter.device)
    if gradient is None:
        return torch.zeros((), device=parameter.device)
    return gradient.abs().max().float()
