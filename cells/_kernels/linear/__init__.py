"""Kernels of the elementwise linear recurrence: all cells that derive from ``cells._linear.ElementwiseLinear``.

Projection, coefficients and readout of all steps are a cell's own, by torch's operations; between them a scan goes
through the steps: in C (``cells._kernels.native``), in Triton (``cells._kernels.triton``), or here by torch, an
operation a step.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from cells._base import AnyCell
from cells._packing import Steps


def run_by_torch(cell: AnyCell, x: Tensor, steps: Steps, state: Any, return_state: bool) -> tuple[Tensor, Any]:
    """Compute what ``Cell.run`` does, by torch's operations on whole sequences and one of them at each step."""
    from cells._kernels.linear import sequence, stepwise

    return sequence.run(cell, x, steps, state, return_state, stepwise.Stepwise())
