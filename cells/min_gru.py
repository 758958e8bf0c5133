"""Minimal gated recurrent unit.

    z_t = σ(W_z x_t + b_z)                         update: how much is written
    n_t = g(W_n x_t + b_n)                         the candidate
    h_t = (1 − z_t) ⊙ h_{t-1} + z_t ⊙ n_t

A GRU whose gate and candidate look at the input alone, without a reset and without tanh: what is left is linear in the
state. g(x) is x, or with ``candidate=positive`` x + ½ from 0 on and σ(x) below, which keeps the state positive as the
paper's form in log space needs it; no logarithm is taken here. The output is h_t.

Parameters: ``weight_ih`` (2H,I), ``bias_ih`` (2H,), rows in the order z n.

Source: L. Feng, F. Tung, M. O. Ahmed, Y. Bengio and H. Hajimirsadeghi, Were RNNs All We Needed?, 2024
(arXiv:2410.01201).
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from cells._base import Hidden
from cells._linear import Coefficients, full_precision
from cells._minimal import Minimal


class MinGRU(Minimal):
    """One gate, in which the state has no part."""

    gate_count = 2
    sigmoid_gates = ("z", "decay")
    year: ClassVar[int] = 2024
    purpose: ClassVar[str] = "a GRU whose gates do not see the state: fast on long sequences, few parameters"

    def coefficients(self, projected: Tensor) -> Coefficients:
        z, n = projected.chunk(2, -1)  # 2 × (…,H)
        z = z.sigmoid()
        return Coefficients(1 - z, z * self.candidate(n))

    def gates(self, projected: Tensor, state: Hidden) -> dict[str, Tensor]:
        z, n = full_precision(projected).chunk(2, -1)  # 2 × (B,H)
        return {"z": z.sigmoid(), "n": self.candidate(n), **super().gates(projected, state)}
