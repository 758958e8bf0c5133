"""Linear recurrent unit: a diagonal recurrence in complex numbers.

    λ = exp(−exp(ν) + i exp(θ))                        |λ| < 1 whatever is learned
    h_t = λ ⊙ h_{t-1} + exp(γ) ⊙ (B x_t)               complex, N units
    y_t = φ(Re(C h_t) + D x_t)

No gate: the same decay and turn at every step. At the start λ is uniform in the ring between the radii r_min and r_max,
at angles from 0 to max_phase, and exp(γ) = √(1 − |λ|²), so that a white input gives every unit the same variance.
Small angles and a narrow ring near 1 are for long memories. The state is h in its parts re and im (B,N); the output is
y_t, of its own size O (``cell.output_size``, by default H). φ is GELU, by which the paper's block follows the
recurrence before it mixes the units; with the identity (``cell.activation=none``) stacked layers are one linear map.

Parameters: ``nu``, ``theta``, ``gamma`` (N,), all logarithms; ``weight_ih`` (2N+O,I): the rows of Re B, Im B and D,
normal with variances 1/2I, 1/2I and 1/I; ``weight_ho`` (O,2N): the columns of Re C and Im C, normal with variance 1/N.
The paper's D is a vector where I = O; here it is a matrix.

Source: A. Orvieto, S. L. Smith, A. Gu, A. Fernando, C. Gulcehre, R. Pascanu and S. De, Resurrecting Recurrent Neural
Networks for Long Sequences, ICML 2023 (arXiv:2303.06349).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import msgspec
import torch
from msgspec import Meta
from torch import Tensor, nn
from torch.nn import functional as F

from cells._linear import Coefficients, ComplexHidden, ElementwiseLinear, full_precision

_TINY = 1e-6  # keeps the drawn radii and angles where their logarithms are finite


class LRU(ElementwiseLinear[ComplexHidden]):
    """Complex units that decay and turn, each at a rate of its own."""

    own_output = True
    sigmoid_gates = ("modulus",)
    keep_gate = "modulus"
    memory = "re"
    year: ClassVar[int] = 2023
    purpose: ClassVar[str] = "very long memories by slow rotations; linear in time: two layers or more"

    class Options(msgspec.Struct, frozen=True):
        """Size of the state, the ring in which its eigenvalues begin, and the function of its outputs."""

        state_size: Annotated[int, Meta(ge=0, le=65536, description="complex units N; 0: the hidden size")] = 0
        r_min: Annotated[float, Meta(ge=0, lt=1, description="least |λ| at the start")] = 0.0
        r_max: Annotated[float, Meta(gt=0, le=1, description="largest |λ| at the start")] = 1.0
        max_phase: Annotated[float, Meta(gt=0, le=6.2832, description="largest angle of λ at the start; 2π: all")] = (
            6.2832
        )
        activation: Annotated[Literal["gelu", "none"], Meta(description="φ, function of the outputs")] = "gelu"

    def make_parameters(self) -> None:
        size = self.state_size = self.options.state_size or self.hidden_size
        r_min, r_max = self.options.r_min, self.options.r_max
        if r_min >= r_max:
            raise ValueError(f"The ring of eigenvalues is empty: r_min is {r_min} and r_max {r_max}.")
        squared = r_min**2 + torch.rand(size) * (r_max**2 - r_min**2)  # |λ|², uniform: so is λ in the ring's area
        squared = squared.clamp(_TINY, 1 - _TINY)
        self.nu = nn.Parameter((-squared.log() / 2).log())  # (N,)
        self.theta = nn.Parameter((torch.rand(size).clamp(min=_TINY) * self.options.max_phase).log())
        self.gamma = nn.Parameter(torch.log1p(-squared) / 2)
        inputs, feedthrough = torch.randn(2 * size, self.input_size), torch.randn(self.output_size, self.input_size)
        scaled = torch.cat([inputs / math.sqrt(2), feedthrough]) / math.sqrt(self.input_size)
        self.weight_ih = nn.Parameter(scaled)  # (2N+O,I)
        self.weight_ho = nn.Parameter(torch.randn(self.output_size, 2 * size) / math.sqrt(size))

    def initial_state(self, batch: int) -> ComplexHidden:
        zeros = self.nu.new_zeros(batch, self.state_size)
        return ComplexHidden(zeros, zeros)

    def project(self, x: Tensor) -> Tensor:
        scale = F.pad(self.gamma.exp().repeat(2), (0, self.output_size), value=1.0)  # (2N+O,)
        return F.linear(x, scale[:, None] * self.weight_ih)

    def coefficients(self, projected: Tensor) -> Coefficients:
        re, im, _ = self._split(projected)
        return Coefficients(torch.polar((-self.nu.exp()).exp(), self.theta.exp()), torch.complex(re, im))

    def readout(self, h: Tensor, projected: Tensor) -> Tensor:
        re, im = self.weight_ho.chunk(2, 1)  # 2 × (O,N)
        conjugate = torch.stack([re, -im], 2).flatten(1)  # (O,2N): its product with (re, im) is the real part
        y = F.linear(torch.view_as_real(h).flatten(-2), conjugate) + self._split(projected)[2]
        return F.gelu(y) if self.options.activation == "gelu" else y

    def gates(self, projected: Tensor, state: ComplexHidden) -> dict[str, Tensor]:
        re, im, _ = self._split(full_precision(projected))
        return {"modulus": (-self.nu.exp()).exp().expand_as(re), "re": re, "im": im}  # (B,N)

    def update(self, gates: Mapping[str, Tensor], state: ComplexHidden) -> dict[str, Tensor]:
        turn = self.theta.exp()
        kept = gates["modulus"] * (turn.cos() * state.re - turn.sin() * state.im)  # the real part of λ h
        return {"kept": kept, "written": gates["re"]}  # (B,N)

    def _split(self, projected: Tensor) -> tuple[Tensor, ...]:
        """Return the real and the imaginary part of B x (…,N), scaled by exp(γ), and D x (…,O)."""
        return torch.split(projected, [self.state_size, self.state_size, self.output_size], -1)
