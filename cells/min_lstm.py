"""Minimal long short-term memory, its gates normalised.

    f_t = σ(W_f x_t + b_f)                             what is kept
    i_t = σ(W_i x_t + b_i)                             what is written
    n_t = g(W_n x_t + b_n)                             the candidate
    h_t = f_t / (f_t + i_t) ⊙ h_{t-1} + i_t / (f_t + i_t) ⊙ n_t

An LSTM whose gates and candidate look at the input alone, without an output gate and without tanh. Both factors add up
to 1, so that the state's scale does not depend on the time that has passed; the second is computed as σ(ln i − ln f),
which divides nothing where both gates vanish. g(x) is x, or with ``candidate=positive`` x + ½ from 0 on and σ(x) below,
which keeps the state positive as the paper's form in log space needs it. The output is h_t.

Parameters: ``weight_ih`` (3H,I), ``bias_ih`` (3H,), rows in the order f i n.

Source: L. Feng, F. Tung, M. O. Ahmed, Y. Bengio and H. Hajimirsadeghi, Were RNNs All We Needed?, 2024
(arXiv:2410.01201).
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor
from torch.nn import functional as F

from cells._base import Hidden
from cells._linear import Coefficients, full_precision
from cells._minimal import Minimal


class MinLSTM(Minimal):
    """Two gates, in which the state has no part, made to add up to 1."""

    gate_count = 3
    sigmoid_gates = ("f", "i", "decay")
    year: ClassVar[int] = 2024
    purpose: ClassVar[str] = "an LSTM whose gates do not see the state: fast on long sequences"

    def coefficients(self, projected: Tensor) -> Coefficients:
        f, i, n = projected.chunk(3, -1)  # 3 × (…,H)
        written = (F.logsigmoid(i) - F.logsigmoid(f)).sigmoid()  # i / (f + i)
        return Coefficients(1 - written, written * self.candidate(n))

    def gates(self, projected: Tensor, state: Hidden) -> dict[str, Tensor]:
        f, i, n = full_precision(projected).chunk(3, -1)  # 3 × (B,H)
        return {"f": f.sigmoid(), "i": i.sigmoid(), "n": self.candidate(n), **super().gates(projected, state)}
