"""Elman's recurrent network by programs: see ``cells.rnn``."""

from __future__ import annotations

import torch
from torch import Tensor

from cells._kernels.layout import Layout
from cells._kernels.triton.kernels import rnn as kernels
from cells._kernels.triton.recurrence import Gradients, Passed, Recurrence, Tensors, go_back, go_through
from cells._kernels.triton.tiles import tile_of


class RNN(Recurrence):
    def forward(
        self, layout: Layout, projected: Tensor, weight: Tensor, bias: Tensor | None, first: Tensors, keep: bool
    ) -> Passed:
        H, tile = weight.shape[1], tile_of(weight)
        output = projected.new_empty(layout.rows, H)  # under autocast its state is in 16 bits, as in the Python cell
        options = tile.options(weight) | {"FUSED": tile.fused}

        def launch(before: Tensors, after: Tensors, recurrent: Tensor, rows: int, begin: int) -> None:
            kernels.forward[tile.grid(rows, H)](
                projected, weight, recurrent, *before, output, *after, layout.lengths, layout.offsets, rows, H, begin,
                **options,
            )  # fmt: skip

        last = (torch.empty_like(first[0], dtype=projected.dtype),)
        go_through(layout, weight, first, last, launch)
        return Passed(output, last, ())

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
        d_h = d_last[0].to(torch.float32, copy=True)
        d_projected = torch.empty_like(output)
        options = tile.options(weight) | {"FUSED": tile.fused}

        def launch(rows: int, begin: int) -> None:
            kernels.backward[tile.grid(rows, H)](
                weight, output, d_output, d_h, d_projected, layout.lengths, layout.offsets, rows, H, begin, **options
            )

        go_back(layout, weight, d_h, d_projected, launch)
        before = layout.states_before(first[0], output, weight.dtype)
        return Gradients(d_projected, (d_projected.t() @ before).float(), None, (d_h,))
