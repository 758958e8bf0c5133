"""Layouts of a batch: where each live step of each sequence lies.

Shapes: B batch, T time, H hidden size, M rows of all steps together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from cells._packing import EqualLengths, Steps


class Layout:
    """The rows of a batch's steps, one step after the other, each step's longest sequences first.

    Args:
        sizes: rows of each step, never growing.
        lengths: steps of each sequence (B,), on the device.
        offsets: each step's first row (T,), on the device.
    """

    def __init__(self, sizes: list[int], lengths: Tensor, offsets: Tensor) -> None:
        self.sizes, self.lengths, self.offsets = sizes, lengths, offsets
        self.batch, self.rows = sizes[0], sum(sizes)
        self._before: Tensor | None = None
        self._places: Tensor | None = None
        self._last: Tensor | None = None

    @classmethod
    def equal(cls, batch: int, time: int, device: torch.device, lengths: Tensor | None = None) -> Layout:
        """Return a layout with a place for every sequence at every step, also past its own end."""
        offsets = torch.arange(0, batch * time, batch, device=device)
        if lengths is None:
            lengths = torch.full((batch,), time, dtype=torch.int32, device=device)
        return cls([batch] * time, lengths, offsets)

    @classmethod
    def unequal(cls, sizes: Sequence[int], device: torch.device) -> Layout:
        """Return a layout without a place for steps past a sequence's end."""
        on_host = torch.tensor(sizes)
        alive = (on_host.pin_memory() if device.type == "cuda" else on_host).to(device, non_blocking=True)
        offsets = alive.cumsum(0) - alive
        lengths = (alive[:, None] > torch.arange(sizes[0], device=device)).sum(0, dtype=torch.int32)
        return cls(list(sizes), lengths, offsets)

    def backward(self) -> Iterator[tuple[int, tuple[int, slice]]]:
        """Yield each step from the last to the first: its number, how many rows it has, and where they lie."""
        end = self.rows
        for t in range(len(self.sizes) - 1, -1, -1):
            rows = self.sizes[t]
            yield t, (rows, slice(end - rows, end))
            end -= rows

    def states_before(self, first: Tensor, output: Tensor, dtype: torch.dtype) -> Tensor:
        """Return the hidden state before every step (M,H), given the first (B,H) and those after (M,H)."""
        count = self.rows - self.batch
        if self.sizes[0] == self.sizes[-1]:
            return torch.cat([first.to(dtype), output[:count].to(dtype)])
        if self._before is None:
            sizes = torch.tensor(self.sizes).to(output.device, non_blocking=True)
            skipped = sizes[:-1].repeat_interleave(sizes[1:], output_size=count)
            self._before = torch.arange(self.batch, self.rows, device=output.device) - skipped
        return torch.cat([first.to(dtype), output.index_select(0, self._before).to(dtype)])

    def last(self) -> Tensor:
        """Return the row of each sequence's last step (B,)."""
        if self._last is None:
            sequences = torch.arange(self.batch, device=self.offsets.device)
            self._last = self.offsets.index_select(0, self.lengths - 1) + sequences
        return self._last

    def places(self) -> Tensor:
        """Return each row's place (M,) where every step has B of them."""
        if self._places is None:
            device = self.offsets.device
            sizes = torch.tensor(self.sizes).to(device, non_blocking=True)
            starts = torch.arange(len(self.sizes), device=device) * self.batch - self.offsets
            self._places = torch.arange(self.rows, device=device) + starts.repeat_interleave(
                sizes, output_size=self.rows
            )
        return self._places


_layouts: WeakKeyDictionary[Steps, Layout] = WeakKeyDictionary()


def layout_of(steps: Steps, device: torch.device) -> Layout:
    """Return the layout of a batch, made once for all layers."""
    layout = _layouts.get(steps)
    if layout is None or layout.lengths.device != device:
        if isinstance(steps, EqualLengths):
            layout = Layout.equal(steps.sizes[0], len(steps.sizes), device)
        else:
            layout = Layout.unequal(steps.sizes, device)
        _layouts[steps] = layout
    return layout
