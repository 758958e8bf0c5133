"""Choice of the kernel that computes a cell on a device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from cells._base import AnyCell
from cells._builtin import BuiltIn
from cells._kernels import fused, graphs, linear, native, triton
from cells._kernels.recurrences import elementwise_linear
from cells._packing import Steps

Run = Callable[[AnyCell, Tensor, Steps, Any, bool], tuple[Tensor, Any]]
"""As ``Cell.run``, the cell its first argument."""


class Choice(NamedTuple):
    """A kernel, and how it computes."""

    kernel: str  # "reference", "native" or "torch"
    why: str  # a clause on why a faster one, or the one that was wanted, was not taken; empty: nothing to tell
    run: Run


def choose(cell: AnyCell, wanted: str, device: torch.device) -> Choice:
    """Return the kernel that computes a cell on a device; the Python loop where there is no such kernel.

    Args:
        wanted: one of ``KERNELS``; ``auto`` is ``torch`` on a GPU and ``native`` elsewhere; of an elementwise linear
            cell ``native`` where there are such programs for it, else ``torch``.
    """
    if isinstance(cell, BuiltIn):  # computes by torch's module, and has no other form
        return Choice("torch", "", _own)
    if elementwise_linear(cell):
        return _linear(cell, wanted, device)
    if wanted == "auto":
        wanted = "torch" if device.type == "cuda" else "native"
    if wanted == "torch":
        why = fused.why_not(cell)
        return Choice("reference", why, _own) if why else Choice("torch", "", fused.run)
    if wanted == "native":
        return _native(cell, device)
    return Choice("reference", "", _own)


def _linear(cell: AnyCell, wanted: str, device: torch.device) -> Choice:
    if wanted == "reference":
        return Choice("reference", "", _own)
    by_torch = Choice("torch", "", linear.run_by_torch)
    if wanted == "torch":
        return by_torch
    native_one = _native(cell, device)
    if wanted == "native" or not native_one.why:
        return native_one
    return by_torch._replace(why=(triton if device.type == "cuda" else native).why_not(cell, device))


def _native(cell: AnyCell, device: torch.device) -> Choice:
    """Return the compiled kernel of a cell: C on the CPU, Triton on a GPU, and there CUDA graphs of any other cell."""
    on_gpu = device.type == "cuda"
    why = (triton if on_gpu else native).why_not(cell, device)
    if not why:
        return Choice("native", "", (triton if on_gpu else native).run)
    if on_gpu and not graphs.why_not(cell, device):
        return Choice("native", f"CUDA graphs of the Python cell ({why})", graphs.run)
    return Choice("reference", why, _own)


def _own(cell: AnyCell, x: Tensor, steps: Steps, state: Any, return_state: bool) -> tuple[Tensor, Any]:
    return cell.run(x, steps, state, return_state)
