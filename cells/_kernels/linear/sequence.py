"""A pass of an elementwise linear cell: coefficients of all steps at once, one scan through them, all outputs at once.

Shapes: B batch, T time, I input size, N units of the state, M rows of all steps together (``layout``), O output size.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from cells._base import AnyCell, Cell
from cells._kernels.layout import Layout, layout_of
from cells._kernels.recurrences import elementwise_linear
from cells._kernels.transforms import watched
from cells._kernels.twice import gradients_with_graph
from cells._linear import full_precision, joined, parts
from cells._packing import Steps


class Gradients(NamedTuple):
    """Gradients of a loss by what a scan was given."""

    decay: Tensor  # (M,N), or (N,)
    added: Tensor  # (M,N)
    first: Tensor  # (B,N)


class Scan(ABC):
    """Forward and backward pass through h_t = a_t ⊙ h_{t-1} + b_t, both outside autograd.

    All tensors are contiguous and of one dtype, real or complex; ``decay`` a is (M,N), or (N,) at every step the same.
    A gradient by a complex number is torch's: that by its real part and i times that by its imaginary one.
    """

    dtypes: tuple[torch.dtype, ...] = (torch.float32, torch.complex64, torch.float64, torch.complex128)

    @abstractmethod
    def forward(self, layout: Layout, decay: Tensor, added: Tensor, first: Tensor) -> Tensor:
        """Return the states after every step (M,N), from b ``added`` (M,N) and the ``first`` state (B,N)."""

    @abstractmethod
    def backward(
        self,
        layout: Layout,
        decay: Tensor,
        first: Tensor,
        states: Tensor,
        d_states: Tensor | None,
        d_last: Tensor | None,
    ) -> Gradients:
        """Return the gradients, given those by the states (M,N) and by each sequence's last (B,N); ``None``: zero."""


def run(cell: AnyCell, x: Tensor, steps: Steps, state: Any, return_state: bool, scan: Scan) -> tuple[Tensor, Any]:
    """Compute what ``Cell.run`` does by a scan; what scans do not compute, and single steps, are the Python cell's."""
    if not elementwise_linear(cell) or watched() or _short(steps) or not x.numel():
        return cell.run(x, steps, state, return_state)
    if cell.record is not None:
        return Cell.run(cell, x, steps, state, return_state)
    before = cell.initial_state(x.shape[1]) if state is None else steps.sort(state)
    projected = full_precision(cell.project_all(steps.take(x)))  # (M,G)
    decay, added = cell.coefficients(projected)
    first = joined(before)
    if not _fit(scan, decay, added, first):
        return cell.run(x, steps, state, return_state)
    decay = decay.expand(added.shape[1:] if decay.dim() == 1 else added.shape)
    states, last = _Scanned.apply(scan, layout_of(steps, x.device), decay, added, first)  # type: ignore[no-untyped-call]
    outputs = steps.put(cell.readout(states, projected))  # (T,B,O)
    return outputs, steps.unsort(type(before)(*parts(last))) if return_state else None


def _short(steps: Steps) -> bool:
    """Return whether there is nothing to scan: one step, as in generation."""
    return len(steps.sizes) == 1


def _fit(scan: Scan, decay: Tensor, added: Tensor, first: Tensor) -> bool:
    """Return whether a scan computes these tensors; the Python cell says what is wrong with others."""
    same = decay.dtype == added.dtype == first.dtype and decay.device == added.device == first.device
    shaped = decay.dim() in (1, 2) and first.shape[1:] == added.shape[1:]
    return same and shaped and added.dtype in scan.dtypes and all(map(_plain, (decay, added, first)))


def _plain(tensor: Tensor) -> bool:
    return type(tensor) in (Tensor, torch.nn.Parameter)


class _Scanned(torch.autograd.Function):
    """A scan in the graph of a loss: decay, added, first state → states (M,N) and each sequence's last (B,N)."""

    @staticmethod
    def forward(
        ctx: Any, scan: Scan, layout: Layout, decay: Tensor, added: Tensor, first: Tensor
    ) -> tuple[Tensor, Tensor]:
        given = [_dense(tensor) for tensor in (decay, added, first)]
        states = scan.forward(layout, *given)
        ctx.scan, ctx.layout = scan, layout
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(decay, added, first, states)
        return states, states.index_select(0, layout.last())

    @staticmethod
    def backward(ctx: Any, d_states: Tensor | None, d_last: Tensor | None) -> tuple[Tensor | None, ...]:
        decay, added, first, states = ctx.saved_tensors
        if torch.is_grad_enabled():  # a gradient of this gradient is wanted
            found = gradients_with_graph(_by_steps(ctx.layout), (decay, added, first), (d_states, d_last))
            return None, None, *found
        by_states, by_last = (None if d is None else _dense(d) for d in (d_states, d_last))
        gradients = ctx.scan.backward(ctx.layout, _dense(decay), _dense(first), states, by_states, by_last)
        return None, None, *gradients


def _dense(tensor: Tensor) -> Tensor:
    """Return a tensor's values as they lie in memory: contiguous, conjugate and negative written out."""
    return tensor.detach().resolve_conj().resolve_neg().contiguous()


def _by_steps(layout: Layout) -> Callable[..., tuple[Tensor, Tensor]]:
    """Return the scan by operations that autograd knows."""

    def compute(decay: Tensor, added: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
        states, h = [], first
        decays = torch.split(decay.expand_as(added), layout.sizes)
        for a, b in zip(decays, torch.split(added, layout.sizes), strict=True):
            h = a * h[: len(b)] + b  # (n,N), n sequences still alive
            states.append(h)
        every = torch.cat(states)
        return every, every.index_select(0, layout.last())

    return compute
