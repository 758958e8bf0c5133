"""Ragged batches: the steps of a padded batch in the order of one direction, the longest sequences first.

The order is that of ``torch.nn.utils.rnn.pack_padded_sequence``; a direction starts at each sequence's own end.
Shapes: B batch, T time, F features, M steps of all sequences together (B·T where none is padded).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

State = TypeVar("State", bound=tuple[Tensor, ...])
"""A NamedTuple of tensors (B, …), its own type for each cell."""


class Rows(NamedTuple):
    """Rows of a batch, the longest first, on the CPU."""

    order: Tensor  # (B,) int32: the row of the batch at each place
    lengths: Tensor  # (B,) int32, of the rows in this order
    backward: bool  # each is read from its own end


class Steps(ABC):
    """The steps of a batch in the order of one direction.

    ``sizes[t]`` sequences are still alive at step t of their own; the batch shrinks as the shorter ones end.
    """

    sizes: list[int]
    rows: Rows

    @abstractmethod
    def take(self, x: Tensor) -> Tensor:
        """Gather the live steps, one after the other: (T,B,F) → (M,F)."""

    @abstractmethod
    def put(self, flat: Tensor) -> Tensor:
        """Undo ``take``, zero past each end: (M,F) → (T,B,F)."""

    @abstractmethod
    def turn(self, x: Tensor) -> Tensor:
        """Reorder a padded batch to begin with each sequence's first step in this direction: (T,B,F) → (T,B,F)."""

    @abstractmethod
    def turn_back(self, x: Tensor) -> Tensor:
        """Undo ``turn``, zero past each end: (T,B,F) → (T,B,F)."""

    @abstractmethod
    def sort(self, state: State) -> State:
        """Order a state's rows, each part (B, …), the longest sequences first."""

    @abstractmethod
    def unsort(self, state: State) -> State:
        """Undo ``sort``."""


def run_whole(
    compute: Callable[[Tensor, Tensor | None, State | None], tuple[Tensor, State]],
    x: Tensor,
    steps: Steps,
    state: State | None,
    return_state: bool,
) -> tuple[Tensor, State | None]:
    """Run a function of whole sequences from the first step to the last as ``Cell.run`` runs the steps.

    Packing a ragged batch takes ten times the padded time on the CPU, and the slower algorithm of cuDNN: it is packed
    only where the states at the ends of sequences of unequal lengths are wanted.

    Args:
        compute: from sequences (T,B,F), or packed (M,F) with the number alive at each step (T,), and the state before
            the first step, to outputs of the same form and the state after the last.
        x: (T,B,F), and what is padding in it does not matter.
    """
    ragged = len(steps.sizes) < len(x) or steps.sizes[-1] < x.shape[1]
    if ragged and return_state:
        before = None if state is None else steps.sort(state)
        flat, after = compute(steps.take(x), torch.tensor(steps.sizes), before)
        return steps.put(flat), steps.unsort(after)
    output, after = compute(steps.turn(x), None, state)
    return steps.turn_back(output), after if return_state else None  # (T,B,O)


def both_directions(lengths: Tensor | None, batch: int, time: int, device: torch.device) -> tuple[Steps, Steps]:
    """Return the steps of a batch, forward and backward.

    Args:
        lengths: (B,) on the CPU, so that no step waits for the device; none: all T.

    Raises:
        ValueError: a sequence is empty or longer than T, or there are not B lengths.
    """
    if not time:
        raise ValueError("Sample 0 of the batch is an empty sequence.")
    if lengths is None:
        return EqualLengths(batch, time, backward=False), EqualLengths(batch, time, backward=True)
    if lengths.shape != (batch,):
        raise ValueError(f"There are {batch} samples in the batch, and lengths of shape {tuple(lengths.shape)}.")
    for wrong, what in ((lengths < 1, "an empty sequence"), (lengths > time, f"longer than {time} steps")):
        if bool(wrong.any()):
            raise ValueError(f"Sample {int(wrong.nonzero()[0])} of the batch is {what}.")
    if bool((lengths == time).all()):
        return both_directions(None, batch, time, device)
    return UnequalLengths(lengths, time, device, backward=False), UnequalLengths(lengths, time, device, backward=True)


class EqualLengths(Steps):
    """Sequences that all have T steps."""

    def __init__(self, batch: int, time: int, *, backward: bool) -> None:
        self.sizes = [batch] * time
        order = torch.arange(batch, dtype=torch.int32)
        self.rows = Rows(order, torch.full((batch,), time, dtype=torch.int32), backward)

    def take(self, x: Tensor) -> Tensor:
        return self.turn(x).flatten(0, 1)

    def put(self, flat: Tensor) -> Tensor:
        return self.turn_back(flat.view(len(self.sizes), self.sizes[0], -1))

    def turn(self, x: Tensor) -> Tensor:
        return x.flip(0) if self.rows.backward else x

    def turn_back(self, x: Tensor) -> Tensor:
        return self.turn(x)

    def sort(self, state: State) -> State:
        return state

    def unsort(self, state: State) -> State:
        return state


class UnequalLengths(Steps):
    """Sequences of unequal lengths."""

    def __init__(self, lengths: Tensor, time: int, device: torch.device, *, backward: bool) -> None:
        order = lengths.argsort(descending=True, stable=True)  # (B,)
        self._lengths = lengths[order]  # (B,)
        self._alive = torch.arange(time)[:, None] < self._lengths  # (T,B), each row's live ones in front
        self.sizes = self._alive.sum(1).tolist()[: int(self._lengths[0])]
        self.rows = Rows(order.int(), self._lengths.int(), backward)
        self._device = device
        self._order = order.to(device, non_blocking=True)

    @cached_property
    def _forward(self) -> Tensor:
        """Places of the live steps in T·B, from each sequence's first: (M,)."""
        return self._places(torch.arange(len(self._alive))[:, None])

    @cached_property
    def _read(self) -> Tensor:
        """Places of the live steps in T·B in this direction: (M,)."""
        if not self.rows.backward:
            return self._forward
        return self._places(self._lengths - 1 - torch.arange(len(self._alive))[:, None])

    def _places(self, steps: Tensor) -> Tensor:
        batch = len(self._lengths)
        return (steps * batch + self.rows.order)[self._alive].to(self._device, non_blocking=True)

    def take(self, x: Tensor) -> Tensor:
        return _take(x.flatten(0, 1), self._read)

    def put(self, flat: Tensor) -> Tensor:
        return self._place(flat, self._read)

    def turn(self, x: Tensor) -> Tensor:
        return x if not self.rows.backward else self._place(self.take(x), self._forward)

    def turn_back(self, x: Tensor) -> Tensor:
        return self.put(_take(x.flatten(0, 1), self._forward))

    def sort(self, state: State) -> State:
        return type(state)(*(part[self._order] for part in state))

    def unsort(self, state: State) -> State:
        unorder = self._order.argsort()
        return type(state)(*(part[unorder] for part in state))

    def _place(self, flat: Tensor, rows: Tensor) -> Tensor:
        zeros = flat.new_zeros(self._alive.numel(), flat.shape[1])
        return zeros.index_copy(0, rows, flat).view(*self._alive.shape, -1)


def _take(x: Tensor, rows: Tensor) -> Tensor:
    taken: Tensor = _Take.apply(x, rows)  # type: ignore[no-untyped-call]
    return taken


class _Take(torch.autograd.Function):
    """Row selection without repeats: the gradient is copied back rather than accumulated row by row."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        ctx.count = len(x)
        return x.index_select(0, rows)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (rows,) = ctx.saved_tensors
        return grads[0].new_zeros(ctx.count, grads[0].shape[1]).index_copy_(0, rows, grads[0]), None
