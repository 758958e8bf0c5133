"""Compiled kernels. This file imports no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from cells._base import AnyCell
    from cells._packing import Steps


def why_not(cell: AnyCell, device: torch.device) -> str:
    """Return a clause on why a cell has no compiled kernel here; empty: it has one."""
    return "no compiled kernels are here"


def run(cell: AnyCell, x: Tensor, steps: Steps, state: Any, return_state: bool) -> tuple[Tensor, Any]:
    """Compute what ``Cell.run`` does."""
    return cell.run(x, steps, state, return_state)
