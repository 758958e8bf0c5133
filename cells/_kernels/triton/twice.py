"""Gradients that have a gradient of their own: the Python cell computes the pass again, in the graph.

Shapes: B batch, H hidden size, G rows of all gates, M rows of all steps together.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from cells._base import AnyCell


class _Loop(nn.Module):
    """A cell's steps, given its projection."""

    def __init__(self, cell: AnyCell) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, projected: Tensor, sizes: list[int], state: Any) -> tuple[Tensor, ...]:
        outputs, ended, alive = [], [], len(state[0])
        for step in projected.split(sizes):
            rows = len(step)
            if rows < alive:
                ended.append(type(state)(*(part[rows:] for part in state)))
                state, alive = type(state)(*(part[:rows] for part in state)), rows
            output, state = self.cell.step(step, state)
            outputs.append(output)
        parts = zip(state, *reversed(ended), strict=True)
        return torch.cat(outputs), *(torch.cat(part) for part in parts)


def gradients_with_graph(
    cell: AnyCell, sizes: list[int], given: tuple[Tensor | None, ...], gradients: tuple[Tensor, ...]
) -> tuple[Tensor | None, ...]:
    """Return the gradients by ``given`` as tensors in the graph.

    Args:
        sizes: rows of each step.
        given: projection (M,G), ``weight_hh``, ``bias_hh`` or none, and the parts of the first state (B,H).
        gradients: by the outputs (M,H) and the parts of the last state.
    """
    aliases = [None if tensor is None else tensor.view_as(tensor) for tensor in given]  # of this pass alone
    projected, weight, bias, *first = aliases
    assert projected is not None
    names = {"cell.weight_hh": weight, "cell.bias_hh": bias}
    replaced = {name: tensor for name, tensor in names.items() if tensor is not None}
    state = type(cell.initial_state(1))(*first)
    kind, dtype = projected.device.type, projected.dtype
    with torch.autocast(kind, dtype, enabled=dtype is not torch.float32):
        values = torch.func.functional_call(_Loop(cell), replaced, (projected, sizes, state))
    wanted = [tensor for tensor in aliases if tensor is not None and tensor.requires_grad]
    live = [(value, grad.to(value.dtype)) for value, grad in zip(values, gradients, strict=True) if value.requires_grad]
    found = iter(torch.autograd.grad(*zip(*live, strict=True), wanted, create_graph=True, allow_unused=True))
    return tuple(next(found) if tensor is not None and tensor.requires_grad else None for tensor in aliases)
