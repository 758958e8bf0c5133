"""Passes through whole sequences as one node of the graph of a loss.

Shapes: B batch, T time, I input size, H hidden size, G rows of all gates, M rows of all steps together.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from cells._base import AnyCell, Cell
from cells._kernels.captures import Captures
from cells._kernels.layout import Layout, layout_of
from cells._kernels.recurrences import recurrence as recurrence_name
from cells._kernels.triton.cache_folder import use_local_cache
from cells._kernels.triton.recurrence import Gradients, Passed, Recurrence, Tensors
from cells._kernels.triton.tiles import does_not_fit, tile_of
from cells._kernels.twice import gradients_with_graph
from cells._packing import Steps

use_local_cache()  # before the import of triton, which reads it

from triton.runtime.errors import OutOfResources  # noqa: E402

from cells._kernels.triton.graphed import Graphed  # noqa: E402
from cells._kernels.triton.gru import GRU  # noqa: E402
from cells._kernels.triton.gru_textbook import TextbookGRU  # noqa: E402
from cells._kernels.triton.lstm import LSTM  # noqa: E402
from cells._kernels.triton.rnn import RNN  # noqa: E402

RECURRENCES: dict[str, Recurrence] = {"lstm": LSTM(), "gru": GRU(), "gru-textbook": TextbookGRU(), "rnn": RNN()}
captures = Captures()
_COMPUTED = (torch.float32, torch.bfloat16, torch.float16)
Result = TypeVar("Result", Passed, Gradients)


def run(cell: AnyCell, x: Tensor, steps: Steps, state: Any, return_state: bool) -> tuple[Tensor, Any]:
    """Compute what ``Cell.run`` does; see ``cells._kernels.triton.run``."""
    recurrence = RECURRENCES[recurrence_name(cell)]
    before = cell.initial_state(x.shape[1]) if state is None else steps.sort(state)
    projected = cell.project(steps.take(x)).contiguous()  # (M,G)
    if projected.dtype not in _COMPUTED:
        return Cell.run(cell, x, steps, state, return_state)
    first = tuple(part.float().contiguous() for part in before)
    given = (projected, cell.weight_hh, cell.bias_hh if recurrence.bias else None, *first)
    layout = layout_of(steps, x.device)
    if torch.is_grad_enabled() and any(tensor is not None and tensor.requires_grad for tensor in given):
        output, *last = _Sequence.apply(recurrence, cell, layout, *given)  # type: ignore[no-untyped-call]
    else:
        output, last = _forward(recurrence, layout, *given, keep=False)[:2]
    return steps.put(output), steps.unsort(type(before)(*last)) if return_state else None


def _forward(
    recurrence: Recurrence, layout: Layout, projected: Tensor, weight: Tensor, bias: Any, *first: Tensor, keep: bool
) -> Passed:
    low = weight.to(projected.dtype)
    return _fitted(recurrence, low, lambda one: one.forward(layout, projected, low, bias, first, keep))


def _fitted(recurrence: Recurrence, weight: Tensor, compute: Callable[[Recurrence], Result]) -> Result:
    """Return what ``compute`` gives, step by step where the weight turns out too large for the chip."""
    here = torch.cuda.device(weight.device) if weight.is_cuda else nullcontext()  # where Triton launches
    with here, torch.autocast(weight.device.type, enabled=False):  # the weight's dtype says all
        try:
            return compute(_form(recurrence, weight))
        except OutOfResources:
            if not does_not_fit(weight):
                raise
            return compute(_form(recurrence, weight))


def _form(recurrence: Recurrence, weight: Tensor) -> Recurrence:
    return recurrence if tile_of(weight).fused or not weight.is_cuda else Graphed(recurrence, captures)


class _Sequence(torch.autograd.Function):
    """One cell's pass in one direction: projection (M,G), weight, bias, first state → outputs (M,H), last state."""

    @staticmethod
    def forward(
        ctx: Any, recurrence: Recurrence, cell: AnyCell, layout: Layout, projected: Tensor, weight: Tensor, bias: Any,
        *first: Tensor,
    ) -> Tensors:  # fmt: skip
        output, last, kept = _forward(recurrence, layout, projected, weight, bias, *first, keep=True)
        ctx.recurrence, ctx.cell, ctx.layout, ctx.parts = recurrence, cell, layout, len(first)
        ctx.save_for_backward(projected, weight, bias, *first, output, *kept)
        return output, *last

    @staticmethod
    def backward(ctx: Any, d_output: Tensor, *d_last: Tensor) -> tuple[Tensor | None, ...]:
        projected, weight, bias, *saved = ctx.saved_tensors
        first, output, kept = tuple(saved[: ctx.parts]), saved[ctx.parts], tuple(saved[ctx.parts + 1 :])
        if torch.is_grad_enabled():  # a gradient of this gradient is wanted
            given, gradients = (projected, weight, bias, *first), (d_output, *d_last)
            return None, None, None, *gradients_with_graph(_by_steps(ctx.cell, ctx.layout.sizes), given, gradients)
        low, by_output, by_last = (
            weight.to(projected.dtype),
            d_output.contiguous(),
            tuple(d.contiguous() for d in d_last),
        )
        layout = ctx.layout
        found = _fitted(
            ctx.recurrence, low, lambda one: one.backward(layout, low, first, output, kept, by_output, by_last)
        )
        return None, None, None, found.projected, found.weight, found.bias, *found.first


def _by_steps(cell: AnyCell, sizes: list[int]) -> Callable[..., Tensors]:
    """Return the pass by the Python cell: projection, ``weight_hh``, ``bias_hh`` or none, first state."""

    def compute(projected: Tensor, weight: Tensor, bias: Tensor | None, *first: Tensor) -> Tensors:
        replaced = {"cell.weight_hh": weight} | ({} if bias is None else {"cell.bias_hh": bias})
        state = type(cell.initial_state(1))(*first)
        with torch.autocast(projected.device.type, projected.dtype, enabled=projected.dtype is not torch.float32):
            values: Tensors = torch.func.functional_call(_Loop(cell), replaced, (projected, sizes, state))
        return values

    return compute


class _Loop(nn.Module):
    """A cell's steps, given its projection."""

    def __init__(self, cell: AnyCell) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, projected: Tensor, sizes: list[int], state: Any) -> Tensors:
        outputs, ended, alive = [], [], len(state[0])
        for step in torch.split(projected, sizes):
            rows = len(step)
            if rows < alive:
                ended.append(type(state)(*(part[rows:] for part in state)))
                state, alive = type(state)(*(part[:rows] for part in state)), rows
            output, state = self.cell.step(step, state)
            outputs.append(output)
        parts = zip(state, *reversed(ended), strict=True)
        return torch.cat(outputs), *(torch.cat(part) for part in parts)
