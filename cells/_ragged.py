"""Sequences of unequal length in one padded batch.

Shapes: B batch, T time, F features.
"""

from __future__ import annotations

from typing import Any, TypeVar

import torch
from torch import Tensor

S = TypeVar("S", bound=tuple[Any, ...])


class Ragged:
    """What the lengths of a padded batch mean for its steps.

    Args:
        lengths: (B,), on the CPU: no step waits for the device to learn them.
        device: where the batch lives.

    Raises:
        ValueError: a sequence is empty or longer than T.
    """

    def __init__(self, lengths: Tensor, time: int, device: torch.device) -> None:
        if bool((lengths < 1).any()):
            raise ValueError(f"Sample {int((lengths < 1).nonzero()[0])} of the batch is an empty sequence.")
        if bool((lengths > time).any()):
            raise ValueError(f"Sample {int((lengths > time).nonzero()[0])} of the batch is longer than {time} steps.")
        self.lengths = lengths
        self._shortest = int(lengths.min())
        steps = torch.arange(time)[:, None]  # (T,1)
        live = steps < lengths  # (T,B)
        back = torch.where(live, lengths - 1 - steps, steps)  # (T,B)
        rows = back * len(lengths) + torch.arange(len(lengths))  # (T,B), into T·B
        self.live = live[..., None].to(device, non_blocking=True)  # (T,B,1)
        self._rows = rows.flatten().to(device, non_blocking=True)  # (T·B,)

    def hold(self, t: int, new: S, old: S) -> S:
        """The state after step ``t``: the new one where the sequence lives, the old one past its end."""
        if t < self._shortest:
            return new
        return type(new)(*(torch.where(self.live[t], n, o) for n, o in zip(new, old, strict=True)))

    def reverse(self, x: Tensor) -> Tensor:
        """Turn each sequence round within its own length: (T,B,F) → (T,B,F). Its own inverse."""
        turned: Tensor = _Rearrange.apply(x.flatten(0, 1), self._rows)  # type: ignore[no-untyped-call]
        return turned.view(x.shape)

    def last(self, x: Tensor) -> Tensor:
        """Each sequence's last step: (T,B,F) → (B,F)."""
        return x[self.lengths.to(x.device) - 1, torch.arange(x.shape[1], device=x.device)]


class _Rearrange(torch.autograd.Function):
    """Rows in an order that is its own inverse, so that the gradient is gathered rather than scattered."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        return x.index_select(0, rows)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (rows,) = ctx.saved_tensors
        return grads[0].index_select(0, rows), None
