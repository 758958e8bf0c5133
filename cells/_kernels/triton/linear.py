"""The scan of elementwise linear cells by programs: see ``cells._linear``.

Shapes: B batch, N units of the state, M rows of all steps together.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from cells._base import AnyCell
from cells._kernels.layout import Layout
from cells._kernels.linear import sequence
from cells._kernels.linear.sequence import Gradients, Scan
from cells._kernels.triton.cache_folder import use_local_cache
from cells._packing import Steps

use_local_cache()  # before the import of triton, which reads it

from cells._kernels.triton.kernels import linear as kernels  # noqa: E402

CHUNK = 64  # steps of a scan
COLUMNS = 16  # units of a program: 64 bytes that lie side by side


class Associative(Scan):
    """One program for each sequence and block of units."""

    def forward(self, layout: Layout, decay: Tensor, added: Tensor, first: Tensor) -> Tensor:
        states = torch.empty_like(added)
        grid, options = _form(decay, first)
        given = (_numbers(tensor) for tensor in (decay, added, first, states))
        with _on(added.device):
            kernels.forward[grid](*given, layout.lengths, layout.offsets, first.shape[1], **options)
        return states

    def backward(
        self,
        layout: Layout,
        decay: Tensor,
        first: Tensor,
        states: Tensor,
        d_states: Tensor | None,
        d_last: Tensor | None,
    ) -> Gradients:
        d_states = torch.zeros_like(states) if d_states is None else d_states
        d_last = torch.zeros_like(first) if d_last is None else d_last
        d_decay, d_added, d_first = torch.empty_like(states), torch.empty_like(states), torch.empty_like(first)
        grid, options = _form(decay, first)
        tensors = (decay, states, first, d_states, d_last, d_decay, d_added, d_first)
        with _on(states.device):
            given = map(_numbers, tensors)
            kernels.backward[grid](*given, layout.lengths, layout.offsets, first.shape[1], **options)
        return Gradients(d_decay if decay.dim() == 2 else d_decay.sum(0), d_added, d_first)


def run(cell: AnyCell, x: Tensor, steps: Steps, state: Any, return_state: bool) -> tuple[Tensor, Any]:
    """Compute what ``Cell.run`` does; see ``cells._kernels.triton.run``."""
    return sequence.run(cell, x, steps, state, return_state, Associative())


def _form(decay: Tensor, first: Tensor) -> tuple[tuple[int, int], dict[str, Any]]:
    """Return the number of programs and their constants."""
    batch, units = first.shape
    constants = {"COMPLEX": decay.is_complex(), "CONSTANT": decay.dim() == 1, "ST": CHUNK, "SC": COLUMNS}
    return (batch, -(-units // COLUMNS)), constants | {"num_warps": 4}


def _numbers(tensor: Tensor) -> Tensor:
    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


def _on(device: torch.device) -> AbstractContextManager[object]:
    """Return the device where Triton launches."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()
