"""Recurrences computed by programs: what a cell's module must offer.

Shapes: B batch, H hidden size, G rows of all gates, M rows of all steps together (``layout``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from cells._kernels.layout import Layout
from cells._kernels.triton.tiles import tile_of

Tensors = tuple[Tensor, ...]


class Passed(NamedTuple):
    """Results of a forward pass."""

    output: Tensor  # (M,H)
    last: Tensors  # the state after each sequence's own last step, each part (B,H)
    kept: Tensors  # for the backward pass


class Gradients(NamedTuple):
    """Results of a backward pass."""

    projected: Tensor  # (M,G)
    weight: Tensor  # (G,H), float32
    bias: Tensor | None  # (G,), float32, for a recurrence with a recurrent bias of its own
    first: Tensors  # each part (B,H), float32


class Recurrence(ABC):
    """Forward and backward pass through whole sequences, both outside autograd."""

    bias = False  # the recurrent bias is a part of the recurrence, not of the projection

    @abstractmethod
    def forward(
        self, layout: Layout, projected: Tensor, weight: Tensor, bias: Tensor | None, first: Tensors, keep: bool
    ) -> Passed:
        """Compute all steps.

        Args:
            projected: (M,G), float32 or 16 bits.
            weight: ``weight_hh`` (G,H), of the same dtype.
            bias: ``bias_hh`` (G,) in float32, for a recurrence with ``bias``.
            first: the state before the first step, each part (B,H) in float32.
            keep: keep what ``backward`` needs.
        """

    @abstractmethod
    def backward(
        self,
        layout: Layout,
        weight: Tensor,
        first: Tensors,
        output: Tensor,
        kept: Tensors,
        d_output: Tensor,
        d_last: Tensors,
    ) -> Gradients:
        """Compute all gradients of a loss, given those by the outputs (M,H) and the last state, each part (B,H)."""


def go_through(
    layout: Layout,
    weight: Tensor,
    first: Tensors,
    last: Tensors,
    launch: Callable[[Tensors, Tensors, Tensor, int, int], None],
) -> None:
    """Launch a program that goes through all steps, or one for each step after its recurrent product.

    Args:
        first: the state before the first step, each part (B,H).
        last: is filled with the state after the last one.
        launch: of the states before and after, the recurrent product (rows,G), the number of rows, and the first step.
    """
    if tile_of(weight).fused:
        launch(first, last, weight, layout.batch, 0)  # its products are its own
        return
    for part, start in zip(last, first, strict=True):
        part.copy_(start)
    for t, rows in enumerate(layout.sizes):
        launch(last, last, last[0][:rows].to(weight.dtype) @ weight.t(), rows, t)


def go_back(
    layout: Layout, weight: Tensor, d_h: Tensor, d_recurrent: Tensor, launch: Callable[[int, int], None]
) -> None:
    """Launch a program that goes back through all steps, or one for each step before its recurrent product.

    Args:
        d_h: the gradient by the last hidden state (B,H); becomes that by the first.
        d_recurrent: is filled with the gradient by the recurrent products (M,G).
        launch: of the number of rows and the first step.
    """
    if tile_of(weight).fused:
        launch(layout.batch, 0)
        return
    for t, (rows, at) in layout.backward():
        launch(rows, t)
        d_h[:rows] += d_recurrent[at] @ weight
