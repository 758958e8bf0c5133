"""Gated recurrent unit, as textbooks write it, by programs: see ``cells.gru_textbook``."""

from __future__ import annotations

import torch
from torch import Tensor

from cells._kernels.layout import Layout
from cells._kernels.triton.kernels import gru_textbook as kernels
from cells._kernels.triton.recurrence import Gradients, Passed, Recurrence, Tensors
from cells._kernels.triton.tiles import tile_of


class TextbookGRU(Recurrence):
    def forward(
        self, layout: Layout, projected: Tensor, weight: Tensor, bias: Tensor | None, first: Tensors, keep: bool
    ) -> Passed:
        H, tile = weight.shape[1], tile_of(weight)
        output = first[0].new_empty(layout.rows, H)
        gates = projected.new_empty(layout.rows if keep or not tile.fused else 0, 3 * H)
        last = first[0].clone()
        where = layout.lengths, layout.offsets
        if tile.fused:
            kernels.forward[tile.grid(layout.batch, H)](
                projected,
                weight,
                *first,
                output,
                gates,
                last,
                *where,
                layout.batch,
                H,
                SAVE=keep,
                **tile.options(weight),
            )
            return Passed(output, (last,), (gates,))
        after_reset = weight.new_empty(layout.batch, H)
        for t, rows in enumerate(layout.sizes):
            grid, size = tile.grid(rows, H), (rows, H, t)
            recurrent = last[:rows].to(weight.dtype) @ weight[: 2 * H].t()
            kernels.reset[grid](projected, recurrent, last, gates, after_reset, *where, *size, **tile.sizes())
            recurrent = after_reset[:rows] @ weight[2 * H :].t()
            kernels.candidate[grid](projected, recurrent, last, output, gates, *where, *size, **tile.sizes())
        return Passed(output, (last,), (gates,))

    def backward(
        self,
        layout: Layout,
        weight: Tensor,
        first: Tensors,
        output: Tensor,
        kept: Tensors,
        d_output: Tensor,
        d_last: Tensors,
    ) -> Gradients:
        H, tile = weight.shape[1], tile_of(weight)
        (gates,) = kept
        d_h = d_last[0].clone()
        d_projected = torch.empty_like(gates)
        where = layout.lengths, layout.offsets
        if tile.fused:
            kernels.backward[tile.grid(layout.batch, H)](
                weight,
                gates,
                output,
                *first,
                d_output,
                d_h,
                d_projected,
                *where,
                layout.batch,
                H,
                **tile.options(weight),
            )
        else:
            for t, (rows, at) in layout.backward():
                grid, rest = tile.grid(rows, H), (d_h, d_projected, *where, rows, H, t)
                kernels.backward_candidate[grid](gates, output, *first, d_output, *rest, **tile.sizes())
                d_reset = d_projected[at, 2 * H :] @ weight[2 * H :]
                kernels.backward_reset[grid](gates, output, *first, d_reset, *rest, **tile.sizes())
                d_h[:rows] += d_projected[at, : 2 * H] @ weight[: 2 * H]
        before = layout.states_before(first[0], output, torch.float32)
        after_reset = (gates[:, :H] * before).to(weight.dtype)
        d_weight = torch.cat(
            [d_projected[:, : 2 * H].t() @ before.to(weight.dtype), d_projected[:, 2 * H :].t() @ after_reset]
        )
        return Gradients(d_projected, d_weight.float(), None, (d_h,))
