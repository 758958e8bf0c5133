"""The running mean of a network's weights: steadier than the weights themselves while the learning rate is high.

B. T. Polyak and A. B. Juditsky, Acceleration of Stochastic Approximation by Averaging, SIAM Journal on Control and
Optimization 30(4), 1992; with exponentially falling weights, as in ``train.average``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

_WARM = 10  # steps: the mean of few weights forgets the first of them faster


class Average:
    """A running mean of the weights of ``model``; with ``decay`` 0 there is none, and the weights stand for it.

    Args:
        decay: what a step leaves of the mean before it; less in the first steps.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._decay = decay
        self._weights = [weight.detach() for weight in model.parameters()] if decay else []
        self._means = [weight.clone() for weight in self._weights]
        self._shown = False

    def update(self, step: int) -> None:
        """Take in the weights after ``step`` steps."""
        if self._means:
            torch._foreach_lerp_(self._means, self._weights, 1 - min(self._decay, (step - 1) / (step + _WARM)))

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Within it the network has the mean for its weights."""
        if self._shown:
            yield
            return
        self._swap()
        self._shown = True
        try:
            yield
        finally:
            self._swap()
            self._shown = False

    def state(self) -> list[Tensor]:
        """The means, as a checkpoint keeps them."""
        return self._means

    def restore(self, means: Sequence[Tensor]) -> None:
        """Take what ``state`` gave.

        Raises:
            ValueError: it is of another network.
        """
        for mean, saved in zip(self._means, means, strict=True):
            mean.copy_(saved)

    def _swap(self) -> None:
        for weight, mean in zip(self._weights, self._means, strict=True):
            kept = weight.clone()
            weight.copy_(mean)
            mean.copy_(kept)
