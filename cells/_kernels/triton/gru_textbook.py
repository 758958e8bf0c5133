"""Gated recurrent unit, as textbooks write it, by programs: see ``cells.gru_textbook``."""

from __future__ import annotations

import torch
from torch import Tensor

from cells._kernels.triton.kernels import gru_textbook as kernels
from cells._kernels.triton.plan import Plan, tile_of
from cells._kernels.triton.recurrence import Gradients, Passed, Recurrence, Tensors


class TextbookGRU(Recurrence):
    def forward(
        self, plan: Plan, projected: Tensor, weight: Tensor, bias: Tensor | None, first: Tensors, keep: bool
    ) -> Passed:
        H, tile = weight.shape[1], tile_of(weight.shape[1], weight.dtype)
        output = first[0].new_empty(plan.rows, H)
        gates = projected.new_empty(plan.rows if keep or not tile.fused else 0, 3 * H)
        last = first[0].clone()
        where = plan.lengths, plan.offsets
        if tile.fused:
            kernels.forward[tile.grid(plan.batch, H)](
                projected, weight, *first, output, gates, last, *where, plan.batch, H, SAVE=keep, **tile.options(weight)
            )
            return Passed(output, (last,), (gates,))
        after_reset = weight.new_empty(plan.batch, H)
        for t, rows in enumerate(plan.sizes):
            grid, size = tile.grid(rows, H), (rows, H, t)
            recurrent = last[:rows].to(weight.dtype) @ weight[: 2 * H].t()
            kernels.reset[grid](projected, recurrent, last, gates, after_reset, *where, *size, **tile.sizes())
            recurrent = after_reset[:rows] @ weight[2 * H :].t()
            kernels.candidate[grid](projected, recurrent, last, output, gates, *where, *size, **tile.sizes())
        return Passed(output, (last,), (gates,))

    def backward(
        self, plan: Plan, weight: Tensor, first: Tensors, output: Tensor, kept: Tensors, d_output: Tensor, d_last: Tensors
    ) -> Gradients:
        H, tile = weight.shape[1], tile_of(weight.shape[1], weight.dtype)
        (gates,) = kept
        d_h = d_last[0].clone()
        d_projected = torch.empty_like(gates)
        where = plan.lengths, plan.offsets
        if tile.fused:
            kernels.backward[tile.grid(plan.batch, H)](
                weight, gates, output, *first, d_output, d_h, d_projected, *where, plan.batch, H, **tile.options(weight)
            )
        else:
            for t, (rows, at) in plan.backward():
                grid, rest = tile.grid(rows, H), (d_h, d_projected, *where, rows, H, t)
                kernels.backward_candidate[grid](gates, output, *first, d_output, *rest, **tile.sizes())
                d_reset = d_projected[at, 2 * H :] @ weight[2 * H :]
                kernels.backward_reset[grid](gates, output, *first, d_reset, *rest, **tile.sizes())
                d_h[:rows] += d_projected[at, : 2 * H] @ weight[: 2 * H]
        before = plan.states_before(first[0], output, torch.float32)
        after_reset = (gates[:, :H] * before).to(weight.dtype)
        d_weight = torch.cat(
            [d_projected[:, : 2 * H].t() @ before.to(weight.dtype), d_projected[:, 2 * H :].t() @ after_reset]
        )
        return Gradients(d_projected, d_weight.float(), None, (d_h,))
