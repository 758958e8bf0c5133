"""Gradients that have a gradient of their own: a pass is computed again by torch's operations, in the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Given = tuple[Tensor | None, ...]


def gradients_with_graph(
    compute: Callable[..., Sequence[Tensor]], given: Given, gradients: Sequence[Tensor | None]
) -> tuple[Tensor | None, ...]:
    """Return the gradients by ``given`` of a loss as tensors in the graph; ``None`` for what asks for none.

    Args:
        compute: the pass, by operations that autograd knows, of tensors in the place of ``given``.
        gradients: of the loss by each value that it returns; ``None``: the loss does not depend on it.
    """
    with torch.enable_grad():
        aliases = [None if tensor is None else tensor.view_as(tensor) for tensor in given]  # of this pass alone
        values = compute(*aliases)
        wanted = [tensor for tensor in aliases if tensor is not None and tensor.requires_grad]
        pairs = [(v, g) for v, g in zip(values, gradients, strict=True) if g is not None and v.requires_grad]
        values, given_gradients = [v for v, _ in pairs], [g.to(v.dtype) for v, g in pairs]
        found = iter(torch.autograd.grad(values, wanted, given_gradients, create_graph=True, allow_unused=True))
    return tuple(next(found) if tensor is not None and tensor.requires_grad else None for tensor in aliases)
