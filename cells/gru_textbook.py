"""Gated recurrent unit, as textbooks write it.

    R_t = σ(X_t W_xr + H_{t-1} W_hr + b_r)             reset
    Z_t = σ(X_t W_xz + H_{t-1} W_hz + b_z)             update: how much of the old state stays
    H̃_t = tanh(X_t W_xh + (R_t ⊙ H_{t-1}) W_hh + b_h)  the candidate
    H_t = Z_t ⊙ H_{t-1} + (1 − Z_t) ⊙ H̃_t

The reset gate acts before the recurrent product (``gru``, as torch, resets after it). The output is H_t.
Parameters: ``weight_ih`` (3H,I), ``weight_hh`` (3H,H), one bias ``bias_ih`` (3H,), rows in the order R Z H̃.

Source: A. Zhang et al., Dive into Deep Learning, section Gated Recurrent Units, after K. Cho et al., EMNLP 2014.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from cells._base import Cell, Hidden


class TextbookGRU(Cell[Hidden]):
    """A GRU whose reset gate acts on the state itself."""

    year = 2014
    purpose = "the results of textbooks, which reset before the product"
    gate_count = 3
    sigmoid_gates = ("r", "z")
    keep_gate = "z"
    recurrent_bias = False

    def gates(self, projected: Tensor, state: Hidden) -> dict[str, Tensor]:
        rows = [2 * self.hidden_size, self.hidden_size]
        x_rz, x_n = torch.split(projected, rows, 1)  # (B,2H), (B,H)
        W_rz, W_n = torch.split(self.recurrent_matrix, rows)  # (2H,H), (H,H)
        r, z = torch.addmm(x_rz, state.h, W_rz.t()).sigmoid().chunk(2, 1)  # 2 × (B,H)
        n = torch.addmm(x_n, r * state.h, W_n.t()).tanh()  # (B,H)
        return {"r": r, "z": z, "n": n}

    def update(self, gates: Mapping[str, Tensor], state: Hidden) -> dict[str, Tensor]:
        z, n = gates["z"], gates["n"]
        return {"kept": z * state.h, "written": (1 - z) * n}  # (B,H)

    def step(self, projected: Tensor, state: Hidden) -> tuple[Tensor, Hidden]:
        _, z, n = self.gates(projected, state).values()
        h = n + z * (state.h - n)  # (B,H)
        return h, Hidden(h)
