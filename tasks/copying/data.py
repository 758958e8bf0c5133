"""Symbols to be recalled, drawn from a seed, and the sequences that they stand in.

Shapes: N rows, T blanks, A symbols of the alphabet, K symbols to be recalled, S = T + 2K steps, B batch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, device
from torch.nn import functional as F

from tasks.base import SPLITS, Split, State
from tasks.copying.settings import Settings
from tasks.shared import memory
from tasks.shared.datasets.splits import SplitRows

_SYMBOL_BYTES = 2  # of a symbol as it is drawn, and as it is kept


@dataclasses.dataclass(frozen=True)
class CopyingData(SplitRows):
    """Symbols of every row, and which rows belong to which split."""

    symbols: Tensor  # (N,K) uint8, below A
    rows: dict[Split, Tensor]
    state: State
    notes: Sequence[str] = ()

    def to(self, device: device) -> CopyingData:
        return dataclasses.replace(self, symbols=self.symbols.to(device))

    def shown(self, rows: Tensor) -> Tensor:
        """Return the symbols of some rows: (B,) → (B,K) int64."""
        return self.symbols[rows.to(self.symbols.device)].long()


def inputs(symbols: Tensor, alphabet: int, length: int) -> Tensor:
    """Return what the network reads: the symbols, T − 1 blanks (A), the delimiter (A + 1), K blanks.

    Args:
        symbols: (B,K) below ``alphabet``, A.
        length: T.

    Returns:
        (B,S) int64.
    """
    codes = F.pad(symbols, (0, length + symbols.shape[1]), value=alphabet)
    codes[:, symbols.shape[1] + length - 1] = alphabet + 1
    return codes


def targets(symbols: Tensor, alphabet: int, length: int) -> Tensor:
    """Return what the network is to say: T + K blanks, then the symbols: (B,K) → (B,S)."""
    return F.pad(symbols, (symbols.shape[1] + length, 0), value=alphabet)


def load(settings: Settings) -> CopyingData:
    """Draw the symbols of every split.

    Raises:
        MemoryLimitError: they do not fit.
    """
    total, count = sum(settings.sizes.values()), settings.recalled
    memory.require(total * count * _SYMBOL_BYTES, f"Drawing {total:,} rows", "lower task.train_size")
    symbols, rows, begin = [], {}, 0
    for split in SPLITS:
        size = settings.sizes[split]
        symbols.append(settings.generator(split).integers(settings.alphabet, size=(size, count), dtype=np.uint8))
        rows[split] = torch.arange(begin, begin + size)
        begin += size
    loss = f"{count}·ln {settings.alphabet}/{settings.steps:,} = {settings.memoryless_loss:.4f}"
    notes = (f"Without memory, by guessing all symbols alike, the loss is {loss}.",)
    return CopyingData(torch.from_numpy(np.concatenate(symbols)), rows, {}, notes)
