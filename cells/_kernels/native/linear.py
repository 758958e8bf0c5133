"""The scan of elementwise linear cells by the compiled kernels.

Shapes: B batch, N units of the state, M rows of all steps together.
"""

from __future__ import annotations

import ctypes
from typing import Any

import torch
from torch import Tensor

from cells._base import AnyCell
from cells._kernels.layout import Layout
from cells._kernels.linear import sequence
from cells._kernels.linear.sequence import Gradients, Scan
from cells._kernels.native.library import Level, load
from cells._packing import Steps

_FEW = 1 << 14  # numbers, below which starting threads takes longer than they save

_P, _INT = ctypes.c_void_p, ctypes.c_int32


class _Linear(ctypes.Structure):
    """``struct workbench_linear`` of linear.h, field by field."""

    _fields_ = (
        *((name, _INT) for name in ("batch", "units", "steps", "parts", "complex", "wide", "constant")),
        *((name, _P) for name in ("lengths", "a", "b", "first", "h")),
        *((name, _P) for name in ("d_h", "d_last", "d_a", "d_constant", "d_b", "d_first")),
    )


def run(cell: AnyCell, x: Tensor, steps: Steps, state: Any, return_state: bool) -> tuple[Tensor, Any]:
    """Compute what ``Cell.run`` does, and leave to it what the kernels do not compute."""
    library = load()
    if library is None or not x.is_cpu:
        return cell.run(x, steps, state, return_state)
    return sequence.run(cell, x, steps, state, return_state, _Compiled(library.level_for(lowered=False)))


class _Compiled(Scan):
    """One call forward and one backward, in float32 and float64, real and complex."""

    def __init__(self, level: Level) -> None:
        self._level = level

    def forward(self, layout: Layout, decay: Tensor, added: Tensor, first: Tensor) -> Tensor:
        states = torch.empty_like(added)
        call = _described(layout, decay, first, states)
        call.b = added.data_ptr()
        _compute(call, self._level, backward=False)
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
        call = _described(layout, decay, first, states)
        d_added, d_first = torch.empty_like(states), torch.empty_like(first)
        call.d_h, call.d_last = (None if d is None else d.data_ptr() for d in (d_states, d_last))
        call.d_b, call.d_first = d_added.data_ptr(), d_first.data_ptr()
        if not call.constant:
            d_decay = torch.empty_like(decay)
            call.d_a = d_decay.data_ptr()
            _compute(call, self._level, backward=True)
            return Gradients(d_decay, d_added, d_first)
        wide = torch.complex128 if decay.is_complex() else torch.float64
        sums = torch.empty(call.parts, len(decay), dtype=wide)  # of each thread's rows
        call.d_constant = sums.data_ptr()
        _compute(call, self._level, backward=True)
        return Gradients(sums.sum(0).to(decay.dtype), d_added, d_first)


def _described(layout: Layout, decay: Tensor, first: Tensor, states: Tensor) -> _Linear:
    """Return the call's description; what it points to must live until the call is made."""
    call = _Linear()
    call.batch, call.units = first.shape
    call.steps = len(layout.sizes)
    call.parts = min(torch.get_num_threads(), call.batch) if states.numel() > _FEW else 1
    call.complex, call.constant = states.is_complex(), decay.dim() == 1
    call.wide = states.dtype in (torch.float64, torch.complex128)
    call.lengths = layout.lengths.data_ptr()
    call.a, call.first, call.h = decay.data_ptr(), first.data_ptr(), states.data_ptr()
    return call


def _compute(call: _Linear, level: Level, *, backward: bool) -> None:
    library = load()
    assert library is not None
    function = library.c.workbench_linear
    if not function.argtypes:
        function.argtypes, function.restype = (_P, _INT, _INT), None
    function(ctypes.byref(call), level, backward)
