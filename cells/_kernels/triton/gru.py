"""Gated recurrent unit, as torch computes it, by programs: see ``cells.gru``."""

from __future__ import annotations

import torch
from torch import Tensor

from cells._kernels.layout import Layout
from cells._kernels.triton.kernels import gru as kernels
from cells._kernels.triton.recurrence import Gradients, Passed, Recurrence, Tensors, go_back, go_through
from cells._kernels.triton.tiles import tile_of


class GRU(Recurrence):
    bias = True

    def forward(
        self, layout: Layout, projected: Tensor, weight: Tensor, bias: Tensor | None, first: Tensors, keep: bool
    ) -> Passed:
        H, tile = weight.shape[1], tile_of(weight)
        output = first[0].new_empty(layout.rows, H)
        gates = projected.new_empty(layout.rows if keep else 0, 4 * H)
        options = tile.options(weight) | {"FUSED": tile.fused, "SAVE": keep}

        def launch(before: Tensors, after: Tensors, recurrent: Tensor, rows: int, begin: int) -> None:
            kernels.forward[tile.grid(rows, H)](
                projected, weight, bias, recurrent, *before, output, gates, *after, layout.lengths, layout.offsets,
                rows, H, begin, **options,
            )  # fmt: skip

        last = (torch.empty_like(first[0]),)
        go_through(layout, weight, first, last, launch)
        return Passed(output, last, (gates,))

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
        d_h = d_last[0].clone()
        d_projected = kept[0].new_empty(layout.rows, 3 * H)
        d_recurrent = torch.empty_like(d_projected)
        options = tile.options(weight) | {"FUSED": tile.fused}

        def launch(rows: int, begin: int) -> None:
            kernels.backward[tile.grid(rows, H)](
                weight, *kept, output, *first, d_output, d_h, d_projected, d_recurrent, layout.lengths, layout.offsets,
                rows, H, begin, **options,
            )  # fmt: skip

        go_back(layout, weight, d_h, d_recurrent, launch)
        before = layout.states_before(first[0], output, weight.dtype)
        d_weight = (d_recurrent.t() @ before).float()
        return Gradients(d_projected, d_weight, d_recurrent.sum(0, dtype=torch.float32), (d_h,))
