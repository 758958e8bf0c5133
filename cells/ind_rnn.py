"""Independently recurrent network, whose units remember themselves alone.

    h_t = φ(W_ih x_t + b_ih + u ⊙ h_{t-1})

φ is relu, or tanh. Units meet in the layer above only; a gradient changes by u at each step and by nothing else, so
that bounds on u are bounds on the gradient. The output is h_t. Parameters: ``weight_ih`` (H,I), ``bias_ih`` (H,), and
``u`` (H,), drawn from [0, 1]. With ``steps`` = T, of the sequences that are to be remembered, it is drawn from
[0, 2^{1/T}], and values beyond ±2^{1/T} act as ±2^{1/T}: over T steps a gradient no more than doubles.

Source: S. Li, W. Li, C. Cook, C. Zhu and Y. Gao, Independently Recurrent Neural Network (IndRNN): Building A Longer
and Deeper RNN, CVPR 2018 (arXiv:1803.04831).
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec
import torch
from msgspec import Meta
from torch import Tensor, nn

from cells._base import Cell, Hidden


class IndRNN(Cell[Hidden]):
    """A recurrent network whose recurrent matrix is diagonal."""

    year = 2018
    purpose = "long sequences and many layers"
    recurrent_weight = False

    class Options(msgspec.Struct, frozen=True):
        """Squashing of the sum, and the bound of the recurrent weights."""

        activation: Annotated[Literal["relu", "tanh"], Meta(description="what is made of the sum")] = "relu"
        steps: Annotated[
            int, Meta(ge=0, le=1_000_000, description="T of the bound 2^(1/T) on the recurrent weights; 0: no bound")
        ] = 0

    @property
    def bound(self) -> float:
        """Largest absolute value with which u acts."""
        return 2 ** (1 / self.options.steps) if self.options.steps else math.inf

    def make_parameters(self) -> None:
        super().make_parameters()
        self.u = nn.Parameter(torch.rand(self.hidden_size) * min(self.bound, 2 if self.options.steps else 1))

    @property
    def recurrent_map(self) -> Tensor:
        return self._within().diag()

    def gates(self, projected: Tensor, state: Hidden) -> dict[str, Tensor]:
        total = torch.addcmul(projected, state.h, self._within())  # (B,H)
        return {"h": total.relu() if self.options.activation == "relu" else total.tanh()}

    def step(self, projected: Tensor, state: Hidden) -> tuple[Tensor, Hidden]:
        h = self.gates(projected, state)["h"]  # (B,H)
        return h, Hidden(h)

    def _within(self) -> Tensor:
        """Return u in its bound (H,), with a gradient beyond it too, which may lead back."""
        if not self.options.steps:
            return self.u
        return self.u + (self.u.clamp(-self.bound, self.bound) - self.u).detach()
