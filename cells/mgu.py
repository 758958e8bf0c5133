"""Minimal gated unit.

    f_t = σ(W_if x_t + b_f + W_hf h_{t-1})             both what is forgotten and what the candidate sees
    n_t = tanh(W_in x_t + b_n + W_hn (f_t ⊙ h_{t-1}))  the candidate
    h_t = (1 − f_t) ⊙ h_{t-1} + f_t ⊙ n_t

One gate stands for both of a GRU's, so that a third of the parameters is saved. The output is h_t. Parameters:
``weight_ih`` (2H,I), ``weight_hh`` (2H,H), one bias ``bias_ih`` (2H,), rows in the order f n.

Source: G.-B. Zhou, J. Wu, C.-L. Zhang and Z.-H. Zhou, Minimal Gated Unit for Recurrent Neural Networks, International
Journal of Automation and Computing 13(3), 2016 (arXiv:1603.09420).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from cells._base import Cell, Hidden


class MGU(Cell[Hidden]):
    """A state with one gate."""

    year = 2016
    purpose = "a GRU's work with one gate and a third fewer parameters"
    gate_count = 2
    sigmoid_gates = ("f",)
    recurrent_bias = False

    def gates(self, projected: Tensor, state: Hidden) -> dict[str, Tensor]:
        x_f, x_n = projected.chunk(2, 1)  # 2 × (B,H)
        W_f, W_n = self.recurrent_matrix.chunk(2)  # 2 × (H,H)
        f = torch.addmm(x_f, state.h, W_f.t()).sigmoid()  # (B,H)
        n = torch.addmm(x_n, f * state.h, W_n.t()).tanh()  # (B,H)
        return {"f": f, "n": n}

    def update(self, gates: Mapping[str, Tensor], state: Hidden) -> dict[str, Tensor]:
        f, n = gates["f"], gates["n"]
        return {"kept": (1 - f) * state.h, "written": f * n}  # (B,H)

    def step(self, projected: Tensor, state: Hidden) -> tuple[Tensor, Hidden]:
        f, n = self.gates(projected, state).values()
        h = state.h + f * (n - state.h)  # (B,H)
        return h, Hidden(h)
