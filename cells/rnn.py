"""Elman's recurrent network.

    h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)

The output is h_t. Parameters as in ``torch.nn.RNN``: ``weight_ih`` (H,I), ``weight_hh`` (H,H), biases (H,).

Source: J. L. Elman, Finding Structure in Time, Cognitive Science 14, 1990, in the form of ``torch.nn.RNN``.
"""

from __future__ import annotations

import torch
from torch import Tensor

from cells._base import Cell, Hidden


class RNN(Cell[Hidden]):
    """Elman's cell: one squashed sum of the input and the state before it."""

    year = 1990
    purpose = "what every other cell is measured by; it forgets within some ten steps"

    def gates(self, projected: Tensor, state: Hidden) -> dict[str, Tensor]:
        return {"h": torch.addmm(projected, state.h, self.recurrent_matrix.t()).tanh()}  # (B,H)

    @property
    def recurrent_map(self) -> Tensor:
        return self.weight_hh

    def step(self, projected: Tensor, state: Hidden) -> tuple[Tensor, Hidden]:
        h = self.gates(projected, state)["h"]  # (B,H)
        return h, Hidden(h)
