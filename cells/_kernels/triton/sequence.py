"""Passes through whole sequences as one node of the graph of a loss.

Shapes: B batch, T time, I input size, H hidden size, G rows of all gates, M rows of all steps together.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from cells._base import AnyCell, Cell
from cells._kernels.triton.cache_folder import use_local_cache
from cells._kernels.triton.plan import Plan, plan_of
from cells._kernels.triton.recurrence import Recurrence, Tensors
from cells._kernels.triton.support import recurrence_of
from cells._kernels.triton.twice import gradients_with_graph
from cells._packing import Steps

use_local_cache()  # before the import of triton, which reads it

from cells._kernels.triton.gru import GRU  # noqa: E402
from cells._kernels.triton.gru_textbook import TextbookGRU  # noqa: E402
from cells._kernels.triton.lstm import LSTM  # noqa: E402
from cells._kernels.triton.rnn import RNN  # noqa: E402

RECURRENCES: dict[str, Recurrence] = {"lstm": LSTM(), "gru": GRU(), "gru_textbook": TextbookGRU(), "rnn": RNN()}
_COMPUTED = (torch.float32, torch.bfloat16, torch.float16)


def run(cell: AnyCell, x: Tensor, steps: Steps, state: Any, return_state: bool) -> tuple[Tensor, Any]:
    """Compute what ``Cell.run`` does; see ``cells._kernels.triton.run``."""
    recurrence = RECURRENCES[str(recurrence_of(cell))]
    before = cell.initial_state(x.shape[1]) if state is None else steps.sort(state)
    projected = cell.project(steps.take(x)).contiguous()  # (M,G)
    if projected.dtype not in _COMPUTED:
        return Cell.run(cell, x, steps, state, return_state)
    first = tuple(part.float().contiguous() for part in before)
    bias = cell.bias_hh if recurrence.bias else None
    plan = plan_of(steps, x.device)
    given = (projected, cell.weight_hh, bias, *first)
    if torch.is_grad_enabled() and any(tensor is not None and tensor.requires_grad for tensor in given):
        output, *last = _Sequence.apply(recurrence, cell, plan, *given)  # type: ignore[no-untyped-call]
    else:
        output, last = _forward(recurrence, plan, *given, keep=False)[:2]
    return steps.put(output), steps.unsort(type(before)(*last)) if return_state else None


def _forward(
    recurrence: Recurrence, plan: Plan, projected: Tensor, weight: Tensor, bias: Tensor | None, *first: Tensor, keep: bool
) -> tuple[Tensor, Tensors, Tensors]:
    with torch.autocast(projected.device.type, enabled=False):  # the dtype of the projection says all
        return recurrence.forward(plan, projected, weight.to(projected.dtype), bias, first, keep)


class _Sequence(torch.autograd.Function):
    """One cell's pass in one direction: projection (M,G), weight, bias, first state → outputs (M,H), last state."""

    @staticmethod
    def forward(
        ctx: Any, recurrence: Recurrence, cell: AnyCell, plan: Plan, projected: Tensor, weight: Tensor, bias: Any, *first: Tensor
    ) -> Tensors:
        output, last, kept = _forward(recurrence, plan, projected, weight, bias, *first, keep=True)
        ctx.recurrence, ctx.cell, ctx.plan, ctx.parts = recurrence, cell, plan, len(first)
        ctx.save_for_backward(projected, weight, bias, *first, output, *kept)
        return output, *last

    @staticmethod
    def backward(ctx: Any, d_output: Tensor, *d_last: Tensor) -> tuple[Tensor | None, ...]:
        projected, weight, bias, *saved = ctx.saved_tensors
        first, output, kept = saved[: ctx.parts], saved[ctx.parts], saved[ctx.parts + 1 :]
        if torch.is_grad_enabled():  # a gradient of this gradient is wanted
            given = (projected, weight, bias, *first)
            return None, None, None, *gradients_with_graph(ctx.cell, ctx.plan.sizes, given, (d_output, *d_last))
        with torch.autocast(projected.device.type, enabled=False):
            found = ctx.recurrence.backward(
                ctx.plan, weight.to(projected.dtype), tuple(first), output, tuple(kept), d_output.contiguous(),
                tuple(part.contiguous() for part in d_last),
            )  # fmt: skip
        return None, None, None, found.projected, found.weight, found.bias, *found.first
