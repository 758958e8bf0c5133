"""Gated recurrent unit, as torch computes it.

    r_t = σ(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)             reset
    z_t = σ(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)             update: how much of the old state stays
    n_t = tanh(W_in x_t + b_in + r_t ⊙ (W_hn h_{t-1} + b_hn))  the candidate
    h_t = (1 − z_t) ⊙ n_t + z_t ⊙ h_{t-1}

The reset gate acts after the recurrent product, with b_hn inside it (``gru-textbook`` resets before it).
The output is h_t. Parameters as in ``torch.nn.GRU``: ``weight_ih`` (3H,I), ``weight_hh`` (3H,H), biases (3H,),
rows in the order r z n.

Source: K. Cho et al., Learning Phrase Representations using RNN Encoder–Decoder, EMNLP 2014 (arXiv:1406.1078v1 has
this variant), in the form of ``torch.nn.GRU``.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from cells._base import Cell, Hidden


class GRU(Cell[Hidden]):
    """A state that two gates reset and update."""

    year = 2014
    purpose = "an LSTM's work with a quarter fewer parameters"
    gate_count = 3
    sigmoid_gates = ("r", "z")
    keep_gate = "z"

    @property
    def _input_bias(self) -> Tensor:
        return self.bias_ih  # (3H,); b_hh belongs inside the reset

    def gates(self, projected: Tensor, state: Hidden) -> dict[str, Tensor]:
        widths = [2 * self.hidden_size, self.hidden_size]
        recurrent = torch.addmm(self.bias_hh, state.h, self.recurrent_matrix.t())  # (B,3H)
        (x_rz, x_n), (h_rz, h_n) = torch.split(projected, widths, 1), torch.split(recurrent, widths, 1)
        r, z = (x_rz + h_rz).sigmoid().chunk(2, 1)  # 2 × (B,H)
        n = torch.addcmul(x_n, r, h_n).tanh()  # (B,H)
        return {"r": r, "z": z, "n": n}

    def update(self, gates: Mapping[str, Tensor], state: Hidden) -> dict[str, Tensor]:
        z, n = gates["z"], gates["n"]
        return {"kept": z * state.h, "written": (1 - z) * n}  # (B,H)

    def step(self, projected: Tensor, state: Hidden) -> tuple[Tensor, Hidden]:
        _, z, n = self.gates(projected, state).values()
        h = n + z * (state.h - n)  # (B,H)
        return h, Hidden(h)
