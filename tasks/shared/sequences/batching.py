"""Batches as row numbers: sequences of like length together.

Shapes: N rows.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

_BUCKET = 50  # batches' worth of shuffled rows sorted by length at a time


def shuffled(rows: Tensor, size: int, generator: Generator | None) -> list[Tensor]:
    """Cut ``rows`` (N,) into batches of ``size``, in an order drawn with ``generator``, or as they are without."""
    return _cut(rows if generator is None else rows[torch.randperm(len(rows), generator=generator)], size)


def by_length(rows: Tensor, lengths: Tensor, size: int, generator: Generator | None) -> list[Tensor]:
    """Cut ``rows`` into batches of ``size``, each of sequences of like length.

    Args:
        rows: (N,) row numbers, already drawn.
        lengths: (N,) their lengths.
        generator: shuffles rows and batches; none: sorted by length throughout.

    Returns:
        the batches' row numbers, the last one perhaps smaller.
    """
    if generator is None:
        return _cut(rows[lengths.argsort(stable=True)], size)
    order = torch.randperm(len(rows), generator=generator)
    if size == 1:
        return _cut(rows[order], 1)
    buckets = [chunk[lengths[chunk].argsort(stable=True)] for chunk in _cut(order, size * _BUCKET)]
    batches = [rows[batch] for bucket in buckets for batch in _cut(bucket, size)]
    return [batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()]


def uniform_over_classes(classes: Tensor, count: int, generator: Generator) -> Tensor:
    """Draw ``count`` rows with replacement: a class uniformly, then one of its rows uniformly.

    Args:
        classes: (N,) each row's class; classes without rows are never drawn.

    Returns:
        (count,) row numbers.
    """
    order = classes.argsort(stable=True)
    sizes = torch.bincount(classes)
    starts = (sizes.cumsum(0) - sizes)[sizes > 0]
    sizes = sizes[sizes > 0]
    drawn = torch.randint(len(sizes), (count,), generator=generator)
    within = (torch.rand(count, generator=generator, dtype=torch.float64) * sizes[drawn]).long()
    return order[starts[drawn] + within]


def _cut(rows: Tensor, size: int) -> list[Tensor]:
    return list(torch.split(rows, size))
