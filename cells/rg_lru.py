"""Real-gated linear recurrent unit, the recurrence of Griffin and Hawk.

    x_t = W_x u_t + b_x                                the input u_t, in the state's width
    r_t = σ(W_r x_t + b_r)                             recurrence gate: how much of its time passes
    i_t = σ(W_i x_t + b_i)                             input gate
    a_t = σ(Λ)^(c r_t)                                 decay
    h_t = a_t ⊙ h_{t-1} + √(1 − a_t²) ⊙ (i_t ⊙ x_t)

At r_t = 0 a unit keeps its state for ever, at r_t = 1 it decays by σ(Λ)^c, which at the start is uniform between
``min_decay`` and ``max_decay``; the paper has c = 8, 0.9 and 0.999. The first line is the linear map that stands before
the unit in the paper's block; its convolution over neighbouring steps and the branch beside it are left out. a_t is
computed by its logarithm, 1 − a_t² without cancellation. The output is h_t.

Parameters: ``weight_ih`` (H,I), ``bias_ih`` (H,); ``weight_gates`` (2H,H), ``bias_gates`` (2H,), rows in the order r i;
``Lambda`` (H,).

Source: S. De et al., Griffin: Mixing Gated Linear Recurrences with Local Attention for Efficient Language Models, 2024
(arXiv:2402.19427).
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import msgspec
import torch
from msgspec import Meta
from torch import Tensor, nn
from torch.nn import functional as F

from cells._base import Hidden, uniform
from cells._linear import Coefficients, ElementwiseLinear, full_precision

_LEAST = 1e-37


class RGLRU(ElementwiseLinear[Hidden]):
    """A decay of its own for each unit, which a gate slows down."""

    sigmoid_gates = ("r", "i", "decay")
    keep_gate = "decay"
    year: ClassVar[int] = 2024
    purpose: ClassVar[str] = "gated decays for long sequences, as in the language model Griffin"

    class Options(msgspec.Struct, frozen=True):
        """Exponent of the decay, and where it begins."""

        c: Annotated[float, Meta(gt=0, le=64, description="exponent of the decay at an open gate")] = 8.0
        min_decay: Annotated[float, Meta(gt=0, lt=1, description="least σ(Λ)^c at the start")] = 0.9
        max_decay: Annotated[float, Meta(gt=0, lt=1, description="largest σ(Λ)^c at the start")] = 0.999

    def make_parameters(self) -> None:
        low, high = self.options.min_decay, self.options.max_decay
        if low >= high:
            raise ValueError(f"No decay is between min_decay, {low}, and max_decay, {high}.")
        bound = 1 / math.sqrt(self.hidden_size)
        self.add_parameters(self.hidden_size, bound)
        self.weight_gates = uniform(bound, 2 * self.hidden_size, self.hidden_size)
        self.bias_gates = uniform(bound, 2 * self.hidden_size)
        log_a = (low + torch.rand(self.hidden_size) * (high - low)).log() / self.options.c
        self.Lambda = nn.Parameter(log_a - (-torch.expm1(log_a)).log())  # (H,): ln a − ln(1 − a)

    def project(self, x: Tensor) -> Tensor:
        wide = F.linear(x, self.weight_ih, self.bias_ih)  # (…,H)
        return torch.cat([wide, F.linear(wide, self.weight_gates, self.bias_gates)], -1)  # (…,3H)

    def coefficients(self, projected: Tensor) -> Coefficients:
        x, r, i = projected.chunk(3, -1)  # 3 × (…,H)
        log_a = self.options.c * F.logsigmoid(self.Lambda) * r.sigmoid()
        rest = (-torch.expm1(2 * log_a)).clamp(min=_LEAST)  # 1 − a²; at 0 its root has no derivative
        return Coefficients(log_a.exp(), rest.sqrt() * (i.sigmoid() * x))

    def gates(self, projected: Tensor, state: Hidden) -> dict[str, Tensor]:
        x, r, i = full_precision(projected).chunk(3, -1)  # 3 × (B,H)
        return {"x": x, "r": r.sigmoid(), "i": i.sigmoid(), **super().gates(projected, state)}
