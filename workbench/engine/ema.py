"""Exponential moving average of a network's weights: steadier than the weights while the learning rate is high.

B. T. Polyak and A. B. Juditsky, Acceleration of Stochastic Approximation by Averaging, SIAM Journal on Control and
Optimization 30(4), 1992; with exponentially falling weights, as set by ``train.average``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import PARAM_LIST, AveragedModel

_WARM_UP = 10  # steps: the average of few weights forgets the first of them faster


class EMA:
    """Exponential moving average of the parameters of ``model``; buffers are not averaged.

    Args:
        decay: share of the average that a step keeps, less in the first steps; 0: there is no average.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._decay = decay
        self._step = 0
        self._applied = False
        self._parameters = nn.ParameterList(model.parameters() if decay else ())
        self._average = AveragedModel(self._parameters, multi_avg_fn=self._blend)

    def update(self, step: int) -> None:
        """Take in the weights after ``step`` steps; the average after the first step is the weights themselves."""
        if self._decay:
            self._step = step
            self._average.n_averaged.fill_(step - 1)  # also where an earlier process made those steps
            self._average.update_parameters(self._parameters)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Give the network the average for its weights within the block."""
        if self._applied:
            yield
            return
        self._swap()
        self._applied = True
        try:
            yield
        finally:
            self._swap()
            self._applied = False

    def state(self) -> list[Tensor]:
        """Return the averages in the order of the model's parameters; the tensors are not copied."""
        return [average.detach() for average in self._average.module.parameters()]

    def restore(self, averages: Sequence[Tensor]) -> None:
        """Copy what ``state`` returned.

        Raises:
            ValueError: the number of tensors is another network's.
        """
        for average, saved in zip(self.state(), averages, strict=True):
            average.copy_(saved)

    def _blend(self, averages: PARAM_LIST, weights: PARAM_LIST, _: Tensor | int) -> None:
        # the step is known here: reading the count that is handed over would wait for the GPU
        decay = min(self._decay, (self._step - 1) / (self._step + _WARM_UP))
        torch._foreach_lerp_(averages, weights, 1 - decay)

    def _swap(self) -> None:
        for weight, average in zip(self._parameters, self.state(), strict=True):
            values = weight.detach().clone()
            weight.detach().copy_(average)
            average.copy_(values)
