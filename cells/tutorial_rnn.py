"""The classic tutorial's network: no squashing, and an output of its own.

    h_t = i2h([x_t ; h_{t-1}])
    o_t = i2o([x_t ; h_{t-1}])

Both are plain linear maps; the output is o_t, of its own size O (``cell.output_size``, by default H), and looks at
the state before the step. The rows of i2h and then of i2o stand in ``weight_ih`` (H+O,I) and ``weight_hh`` (H+O,H)
with one bias ``bias_ih`` (H+O,), uniform in ±1/√(I+H) as the tutorial's linear layers.

Source: S. Robertson, Classifying Names with a Character-Level RNN, PyTorch tutorials, 2017.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from cells._base import Cell, Hidden


class TutorialRNN(Cell[Hidden]):
    """Two linear maps of the input and the state: one is the next state, one the output."""

    year = 2017
    purpose = "the results of the tutorial"
    own_output = True
    recurrent_bias = False

    def make_parameters(self) -> None:
        self.add_parameters(self.hidden_size + self.output_size, 1 / math.sqrt(self.input_size + self.hidden_size))

    def gates(self, projected: Tensor, state: Hidden) -> dict[str, Tensor]:
        both = torch.addmm(projected, state.h, self.recurrent_matrix.t())  # (B,H+O)
        h, o = torch.split(both, [self.hidden_size, self.output_size], 1)
        return {"h": h, "o": o}  # (B,H), (B,O)

    @property
    def recurrent_map(self) -> Tensor:
        return self.weight_hh[: self.hidden_size]

    def step(self, projected: Tensor, state: Hidden) -> tuple[Tensor, Hidden]:
        h, o = self.gates(projected, state).values()
        return o, Hidden(h)
