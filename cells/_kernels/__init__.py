"""Kernels: faster computations of a cell's own recurrence, beside its Python loop.

The Python cell is the reference of every kernel and its fallback. This file imports no torch.
"""

from __future__ import annotations

KERNELS = ("auto", "reference", "native", "torch")
"""Values of ``cell.kernel``: the fastest that there is, the cell's own Python loop, compiled C, torch's function."""
