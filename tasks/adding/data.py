"""Rows of numbers of which two are marked, drawn from a seed.

Shapes: N rows, T time, B batch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, device

from tasks.adding.settings import Settings
from tasks.base import SPLITS, Split, State
from tasks.shared import memory
from tasks.shared.datasets.splits import SplitRows

MARKS = 2
MEAN_LOSS = 1 / 6  # expected squared error of always answering 1: twice the variance of a number
_NUMBER_BYTES = 8  # of a number as it is drawn, and as it is kept


@dataclasses.dataclass(frozen=True)
class AddingData(SplitRows):
    """Numbers, the places of the marked ones, and which rows belong to which split."""

    numbers: Tensor  # (N,T) float32 in [0, 1)
    marked: Tensor  # (N,2) places, one in each half
    rows: dict[Split, Tensor]
    state: State
    notes: Sequence[str] = ()

    def to(self, device: device) -> AddingData:
        return dataclasses.replace(self, numbers=self.numbers.to(device), marked=self.marked.to(device))

    def inputs(self, rows: Tensor) -> Tensor:
        """Return the number and the mark (0 or 1) of every step of some rows: (B,) → (B,T,2)."""
        rows = rows.to(self.numbers.device)
        numbers = self.numbers[rows]
        marks = torch.zeros_like(numbers).scatter_(1, self.marked[rows], 1.0)
        return torch.stack([numbers, marks], -1)

    def addends(self, rows: Tensor) -> Tensor:
        """Return the two marked numbers of some rows: (B,) → (B,2)."""
        rows = rows.to(self.numbers.device)
        return self.numbers[rows].gather(1, self.marked[rows])


def load(settings: Settings) -> AddingData:
    """Draw the rows of every split.

    Raises:
        MemoryLimitError: they do not fit.
    """
    total, length = sum(settings.sizes.values()), settings.length
    memory.require(total * length * _NUMBER_BYTES, f"Drawing {total:,} rows", "lower task.train_size or task.length")
    numbers, marked, rows, begin = [], [], {}, 0
    for split in SPLITS:
        count = settings.sizes[split]
        generator = settings.generator(split)
        numbers.append(generator.random((count, length), dtype=np.float32))
        halves = ((0, length // 2), (length // 2, length))
        marked.append(np.stack([generator.integers(low, high, count) for low, high in halves], 1))
        rows[split] = torch.arange(begin, begin + count)
        begin += count
    notes = (f"Without memory, by always answering 1, the loss is {MEAN_LOSS:.4f} (1/6); with one number, half.",)
    return AddingData(
        torch.from_numpy(np.concatenate(numbers)), torch.from_numpy(np.concatenate(marked)), rows, {}, notes
    )
