"""Sequences of any lengths, end to end in one tensor.

Shapes: N sequences, B batch, T time, S symbols of all sequences together.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor


@dataclasses.dataclass(frozen=True)
class Ragged:
    """Sequence ``i`` is ``flat[starts[i] : starts[i] + lengths[i]]``."""

    flat: Tensor  # (S,) integers, on the device
    lengths: Tensor  # (N,) int64, on the CPU

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts", self.lengths.cumsum(0) - self.lengths)

    starts: Tensor = dataclasses.field(init=False, repr=False)  # (N,) int64, on the CPU

    @classmethod
    def of(cls, sequences: Sequence[Sequence[int]]) -> Ragged:
        """Sequences that stand in lists, as int32."""
        flat = torch.tensor([number for sequence in sequences for number in sequence], dtype=torch.int32)
        return cls(flat, torch.tensor([len(sequence) for sequence in sequences], dtype=torch.int64))

    def to(self, device: torch.device) -> Ragged:
        return Ragged(self.flat.to(device), self.lengths)

    def padded(self, rows: Tensor, longest: int = 0, keep: Literal["first", "last"] = "last") -> tuple[Tensor, Tensor]:
        """Some sequences as a batch, 0 past each end.

        Args:
            rows: (B,) which ones.
            longest: symbols kept of each at most; 0: all.
            keep: its first or its last ones.

        Returns:
            codes (B,T) int64 on the device, their lengths (B,) on the CPU.
        """
        whole, starts = self.lengths[rows], self.starts[rows]
        lengths = whole.clamp(max=longest) if longest else whole
        if keep == "last":
            starts = starts + whole - lengths
        time = torch.arange(int(lengths.max()) if len(rows) else 0)  # (T,)
        there = time < lengths[:, None]  # (B,T)
        where = torch.where(there, starts[:, None] + time, 0)
        device = self.flat.device
        codes = self.flat[where.to(device)].long().masked_fill(~there.to(device), 0)
        return codes, lengths

    def spelled(self, symbols: Ragged) -> Ragged:
        """Every sequence with each number ``i`` replaced by the sequence ``i`` of ``symbols``."""
        numbers = self.flat.cpu().long()
        sizes = symbols.lengths[numbers]  # (S,)
        ends = sizes.cumsum(0)
        where = torch.arange(int(sizes.sum())) + (symbols.starts[numbers] - ends + sizes).repeat_interleave(sizes)
        whole = torch.cat([torch.zeros(1, dtype=torch.int64), ends])
        flat = symbols.flat[where.to(symbols.flat.device)].to(self.flat.device)
        return Ragged(flat, whole[self.starts + self.lengths] - whole[self.starts])

    def lists(self, rows: Tensor) -> list[list[int]]:
        """Some sequences as lists of numbers."""
        flat = self.flat.cpu().numpy()
        starts, lengths = self.starts[rows].tolist(), self.lengths[rows].tolist()
        return [flat[start : start + n].tolist() for start, n in zip(starts, lengths, strict=True)]
