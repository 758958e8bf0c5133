"""Coupled oscillatory recurrent network.

    z_t = z_{t-1} + Δt (tanh(W y_{t-1} + R z_{t-1} + V x_t + b) − γ y_{t-1} − ε z_{t-1})
    y_t = y_{t-1} + Δt z_t

Each unit is a damped oscillator, y″ = tanh(W y + R y′ + V x + b) − γ y − ε y′, driven by the input and the others, in
steps of length Δt: y is its position, z = y′ its velocity. Its energy is bounded, so that gradients neither vanish nor
explode within many steps. The output is y_t. Options: Δt ``dt``, γ ``gamma``, ε ``epsilon``; a long sequence wants a
small Δt (the paper's for 784 steps are 0.042, 2.7 and 4.7), a short one a large Δt. Parameters: V is ``weight_ih``
(H,I), W and R, the paper's 𝒲, stand side by side in ``weight_hh`` (H,2H), b is ``bias_ih`` (H,), uniform in ±1/√H.

Source: T. K. Rusch and S. Mishra, Coupled Oscillatory Recurrent Neural Network (coRNN): An Accurate and (Gradient)
Stable Architecture for Learning Long Time Dependencies, ICLR 2021 (arXiv:2010.00951), with the damping taken before
the step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, NamedTuple

import msgspec
import torch
from msgspec import Meta
from torch import Tensor

from cells._base import Cell, uniform


class Oscillators(NamedTuple):
    """State of coupled oscillators."""

    y: Tensor  # (B,H) positions
    z: Tensor  # (B,H) velocities


class CoRNN(Cell[Oscillators]):
    """Oscillators that the input and one another drive."""

    year = 2021
    purpose = "long sequences, with gradients that neither vanish nor explode"
    memory = "y"
    recurrent_bias = False

    class Options(msgspec.Struct, frozen=True):
        """Step and form of the oscillation."""

        dt: Annotated[float, Meta(gt=0, le=1, description="Δt, length of a step")] = 0.4
        gamma: Annotated[float, Meta(gt=0, le=200, description="γ, frequency: pull back to rest")] = 1.0
        epsilon: Annotated[float, Meta(gt=0, le=200, description="ε, damping")] = 2.0

    def make_parameters(self) -> None:
        super().make_parameters()
        self.weight_hh = uniform(1 / math.sqrt(self.hidden_size), self.hidden_size, 2 * self.hidden_size)

    def initial_state(self, batch: int) -> Oscillators:
        zeros = self.weight_hh.new_zeros(batch, self.hidden_size)
        return Oscillators(zeros, zeros)

    def gates(self, projected: Tensor, state: Oscillators) -> dict[str, Tensor]:
        both = torch.cat(state, 1)  # (B,2H)
        return {"force": torch.addmm(projected, both, self.recurrent_matrix.t()).tanh()}  # (B,H)

    def update(self, gates: Mapping[str, Tensor], state: Oscillators) -> dict[str, Tensor]:
        return {"kept": state.y, "written": self.options.dt * self._velocity(gates["force"], state)}  # (B,H)

    def step(self, projected: Tensor, state: Oscillators) -> tuple[Tensor, Oscillators]:
        z = self._velocity(self.gates(projected, state)["force"], state)  # (B,H)
        y = torch.add(state.y, z, alpha=self.options.dt)  # (B,H)
        return y, Oscillators(y, z)

    def _velocity(self, force: Tensor, state: Oscillators) -> Tensor:
        """Return the velocities after a step (B,H)."""
        own = self.options
        velocity: Tensor = state.z + own.dt * (force - own.gamma * state.y - own.epsilon * state.z)
        return velocity
