"""Triton kernels of ``lstm``, ``bilstm``, ``gru``, ``gru-textbook``, ``rnn`` and of elementwise linear cells: whole
sequences on an NVIDIA GPU.

Triton is imported at the first pass on CUDA, never before.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from cells._base import AnyCell, Cell
from cells._kernels.recurrences import elementwise_linear, recurrence
from cells._kernels.transforms import watched
from cells._kernels.triton.support import missing
from cells._packing import Steps


def why_not(cell: AnyCell, device: torch.device) -> str:
    """Return why a cell cannot be computed by these kernels on a device, in one clause; empty: it can."""
    if device.type != "cuda":
        return "Triton kernels run on CUDA only"
    if elementwise_linear(cell):
        return missing(device.index)
    if not recurrence(cell):
        return "its equations are its own"
    if cell.weight_hh.dtype is not torch.float32:
        return f"the weights are {str(cell.weight_hh.dtype).removeprefix('torch.')}, and the kernels compute float32"
    return missing(device.index)


def run(cell: AnyCell, x: Tensor, steps: Steps, state: Any, return_state: bool) -> tuple[Tensor, Any]:
    """Compute what ``Cell.run`` does, by the kernels.

    Where a transform of ``torch.func``, forward-mode differentiation, a compiler or a trace looks on, the Python cell
    computes. A gradient of a gradient is the Python cell's too.

    Args:
        x: (T,B,I) on CUDA.
        state: before the first step, its parts (B,H); none: zeros.
        return_state: also return the state after each sequence's own last step.

    Returns:
        outputs (T,B,H), zero past each sequence's end, and the state, or ``None``.
    """
    if elementwise_linear(cell):
        from cells._kernels.triton import linear  # imports triton

        return linear.run(cell, x, steps, state, return_state)
    if cell.record is not None or watched() or not recurrence(cell):
        return Cell.run(cell, x, steps, state, return_state)
    from cells._kernels.triton import sequence  # imports triton

    return sequence.run(cell, x, steps, state, return_state)
