"""Cells whose recurrence is elementwise linear: decay and input of all steps at once, and one home of the equation.

    h_t = a_t ⊙ h_{t-1} + b_t

Shapes: B batch, N units of the state, G rows of all gates together, O output size; … steps, sequences or both.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from cells._base import Cell
from cells._packing import State


class Coefficients(NamedTuple):
    """Factor of the state and what is added to it at a step: both real, or both complex."""

    decay: Tensor  # a (…,N), or (N,) where it is the same at every step
    input: Tensor  # b (…,N)


class ComplexHidden(NamedTuple):
    """State of a cell whose units are complex numbers."""

    re: Tensor  # (B,N)
    im: Tensor  # (B,N)


class ElementwiseLinear(Cell[State]):
    """A recurrence without products between the units of its state, and without a squashing of it.

    A subclass defines ``coefficients``, and ``readout`` where the output is not the state itself. Its state is one real
    part (B,N), or two, the real and the imaginary one, with complex coefficients. Kernels compute whole sequences from
    the coefficients of all steps (``cells._kernels.linear``); a subclass with a ``step`` of its own goes by its loop.

    In mixed precision coefficients and state are in float32.
    """

    recurrent_weight = False

    @abstractmethod
    def coefficients(self, projected: Tensor) -> Coefficients:
        """Compute decay and input of one step or of all at once, from ``projected`` (…,G) in full precision."""

    def readout(self, h: Tensor, projected: Tensor) -> Tensor:
        """Compute outputs (…,O) from the states after their steps (…,N); by default the states themselves."""
        return h

    def gates(self, projected: Tensor, state: State) -> dict[str, Tensor]:
        decay, added = self.coefficients(full_precision(projected))
        return {"decay": decay.expand_as(added), "input": added}  # (B,N)

    def update(self, gates: Mapping[str, Tensor], state: State) -> dict[str, Tensor]:
        return {"kept": gates["decay"] * state[0], "written": gates["input"]}  # (B,N)

    def step(self, projected: Tensor, state: State) -> tuple[Tensor, State]:
        projected = full_precision(projected)
        decay, added = self.coefficients(projected)
        h = decay * joined(state) + added  # (B,N)
        return self.readout(h, projected), type(state)(*parts(h))


def full_precision(projected: Tensor) -> Tensor:
    """Return autocast's 16 bits as float32: near 1 a decay in bfloat16 is 1."""
    return projected.float() if projected.dtype in (torch.bfloat16, torch.float16) else projected


def joined(state: tuple[Tensor, ...]) -> Tensor:
    """Return a state's one part, or its two as complex numbers (B,N)."""
    return state[0] if len(state) == 1 else torch.complex(*state)


def parts(h: Tensor) -> tuple[Tensor, ...]:
    """Undo ``joined``."""
    return (h.real, h.imag) if h.is_complex() else (h,)
