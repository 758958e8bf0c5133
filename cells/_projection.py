"""Input products of a recurrence: a linear map of its inputs, for all steps at once or a block of steps at a time.

Where inputs are narrow, such as a few measured quantities or an embedding, the product takes less time than reading and
writing its results. Then on the CPU it is computed in blocks of steps, whose results are used, and whose gradients are
multiplied, while they are in the core's cache; and the weight is laid out by columns, so that autograd makes its
gradient as xᵀ·g, several times faster than as gᵀ·x.

Shapes: M steps of all sequences together, I input size, G rows of all gates together; n sequences alive at a step.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

_NARROW = 128  # inputs, from which on the product's own time decides
_FEW = 1 << 16  # results, below which there is nothing to be gained
_BLOCK_BYTES = 1 << 20  # of results
_BLOCK_ROWS = 512  # fewer make a slower product, and more additions to the weight's gradient


def linear_steps(x: Tensor, weight: Tensor, bias: Tensor, sizes: list[int]) -> Iterator[Tensor]:
    """Return what ``F.linear`` makes of ``x`` (M,I) step by step, each (n,G), n from ``sizes``.

    Args:
        weight: (G,I).
        bias: (G,).
    """
    if not _in_blocks(x, weight):
        return iter(torch.split(F.linear(x, weight, bias), sizes))
    by_columns = _by_columns(weight)
    rows = max(_BLOCK_ROWS, _BLOCK_BYTES // (len(weight) * weight.element_size()))
    if len(x) <= rows:
        return iter(torch.split(F.linear(x, by_columns, bias), sizes))
    return _block_by_block(x, by_columns, bias, _blocks(sizes, rows))


def linear_at_once(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return what ``F.linear`` makes of ``x`` (M,I), for a user of all its results (M,G) together."""
    return F.linear(x, _by_columns(weight) if _in_blocks(x, weight) else weight, bias)


def _by_columns(weight: Tensor) -> Tensor:
    """Return a weight (G,I) that lies in memory column by column."""
    return weight.t().contiguous().t()


def _in_blocks(x: Tensor, weight: Tensor) -> bool:
    """Return whether blocks pay: on a GPU a call costs more; in mixed precision each block's gradient is rounded."""
    if weight.shape[1] >= _NARROW or len(x) * len(weight) < _FEW or x.device.type != "cpu":
        return False
    return not torch.is_autocast_enabled("cpu") and not torch.compiler.is_compiling()


def _block_by_block(x: Tensor, weight: Tensor, bias: Tensor, blocks: list[list[int]]) -> Iterator[Tensor]:
    """Yield the results of the steps, each block computed when its first step is reached."""
    for part, sizes in zip(torch.split(x, [sum(block) for block in blocks]), blocks, strict=True):
        yield from torch.split(F.linear(part, weight, bias), sizes)


def _blocks(sizes: list[int], rows: int) -> list[list[int]]:
    """Cut the sizes of steps into runs, each of at least ``rows`` rows but the last."""
    blocks: list[list[int]] = [[]]
    filled = 0
    for size in sizes:
        if filled >= rows:
            blocks.append([])
            filled = 0
        blocks[-1].append(size)
        filled += size
    return blocks
