"""Long short-term memory by programs: see ``cells.lstm``."""

from __future__ import annotations

import torch
from torch import Tensor

from cells._kernels.layout import Layout
from cells._kernels.triton.kernels import lstm as kernels
from cells._kernels.triton.recurrence import Gradients, Passed, Recurrence, Tensors, go_back, go_through
from cells._kernels.triton.tiles import tile_of


class LSTM(Recurrence):
    def forward(
        self, layout: Layout, projected: Tensor, weight: Tensor, bias: Tensor | None, first: Tensors, keep: bool
    ) -> Passed:
        H, tile = weight.shape[1], tile_of(weight)
        output = first[0].new_empty(layout.rows, H)
        gates = projected.new_empty(layout.rows if keep else 0, 4 * H)
        memory = output.new_empty(layout.rows if keep else 0, H)
        options = tile.options(weight) | {"FUSED": tile.fused, "SAVE": keep}

        def launch(before: Tensors, after: Tensors, recurrent: Tensor, rows: int, begin: int) -> None:
            kernels.forward[tile.grid(rows, H)](
                projected, weight, recurrent, *before, output, gates, memory, *after, layout.lengths, layout.offsets,
                rows, H, begin, **options,
            )  # fmt: skip

        last = (torch.empty_like(first[0]), torch.empty_like(first[1]))
        go_through(layout, weight, first, last, launch)
        return Passed(output, last, (gates, memory))

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
        d_h, d_c = d_last[0].clone(), d_last[1].clone()
        d_projected = torch.empty_like(kept[0])
        options = tile.options(weight) | {"FUSED": tile.fused}

        def launch(rows: int, begin: int) -> None:
            kernels.backward[tile.grid(rows, H)](
                weight, *kept, first[1], d_output, d_h, d_c, d_projected, layout.lengths, layout.offsets, rows,
                H, begin, **options,
            )  # fmt: skip

        go_back(layout, weight, d_h, d_projected, launch)
        before = layout.states_before(first[0], output, weight.dtype)
        return Gradients(d_projected, (d_projected.t() @ before).float(), None, (d_h, d_c))
