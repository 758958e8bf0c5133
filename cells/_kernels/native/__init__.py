"""Kernels in plain C: compiled by the machine's own compiler at first use, kept in the cache, called by ctypes.

They compute the recurrences of ``cells._kernels.recurrences`` on the CPU in float32, under bfloat16 autocast with
products of bfloat16 where the CPU has them; elementwise linear ones also in float64. What else they are asked for, the
Python cell computes: float64 of the others, second derivatives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from cells._base import AnyCell
    from cells._packing import Steps


def why_not(cell: AnyCell, device: torch.device) -> str:
    """Return a clause on why a cell has no compiled kernel on a device; empty: it has one."""
    from cells._kernels.native import library
    from cells._kernels.recurrences import elementwise_linear, recurrence

    if device.type != "cpu":
        return "the compiled kernels compute on the CPU"
    if not (recurrence(cell) or elementwise_linear(cell)):
        return "its equations are its own"
    return "" if library.load() else library.reason()


def run(cell: AnyCell, x: Tensor, steps: Steps, state: Any, return_state: bool) -> tuple[Tensor, Any]:
    """Compute what ``Cell.run`` does."""
    from cells._kernels.native import linear, sequence
    from cells._kernels.recurrences import elementwise_linear

    compute = linear.run if elementwise_linear(cell) else sequence.run
    return compute(cell, x, steps, state, return_state)
