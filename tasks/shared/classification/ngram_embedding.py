"""Embeddings of the n-grams that end at each step, added to the symbols' own.

Source: P. Bojanowski et al., Enriching Word Vectors with Subword Information, TACL 2017 (a sum of n-grams' vectors,
there over a word; here at each step of the recurrence).

Shapes: B batch, T time, N sequences, K n-grams known, G kinds of n-grams (lengths 2 to ``longest``), E width.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

_NONE = torch.iinfo(torch.int64).max  # past every n-gram's key
SHORTEST = 2  # a shorter one is a symbol


class NgramEmbedding(nn.Module):
    """A symbol's embedding plus those of the n-grams that end with it: (B,T) → (B,T,E).

    An n-gram may begin with the mark of the sequence's start; one that is not known adds nothing, as none does before
    training.

    Args:
        symbols: (B,T) → (B,T,E).
        size: symbols are numbers below it.
        longest: n of the longest n-gram, 2 or more.
        known: K, as ``vocabulary`` counts them.
        dropout: share of the n-grams left out in training.

    """

    keys: Tensor  # (K,) in order

    def __init__(self, symbols: nn.Embedding, size: int, longest: int, known: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.symbols = symbols
        self.size, self.longest, self.dropout = size, longest, dropout
        self.register_buffer("keys", torch.full((known,), _NONE))
        self.ngrams = nn.Embedding(known + 1, symbols.embedding_dim, padding_idx=0)  # 0: not known
        nn.init.zeros_(self.ngrams.weight)

    def forward(self, codes: Tensor) -> Tensor:
        numbers = self.numbers(codes)  # (B,T,G)
        kept = F.dropout(torch.ones_like(numbers, dtype=self.ngrams.weight.dtype), self.dropout, self.training)
        added = (self.ngrams(numbers) * kept[..., None]).sum(-2)  # (B,T,E)
        features: Tensor = self.symbols(codes) + added
        return features

    def numbers(self, codes: Tensor) -> Tensor:
        """Return the rows of the table that the n-grams ending at each step have, 0 for one not known: (B,T,G)."""
        keys = ngram_keys(codes, self.size, self.longest)
        if not len(self.keys):
            return torch.zeros_like(keys)
        place = torch.searchsorted(self.keys, keys).clamp(max=len(self.keys) - 1)
        return (place + 1) * ((self.keys[place] == keys) & (keys < _NONE))

    def extra_repr(self) -> str:
        return f"longest={self.longest}, dropout={self.dropout}"


def ngram_keys(codes: Tensor, size: int, longest: int) -> Tensor:
    """Return a number for each n-gram of 2 to ``longest`` symbols that ends at each step: (B,T) → (B,T,G).

    The start counts as one symbol more; there is none that would begin before it.

    Raises:
        ValueError: so many n-grams cannot be numbered.
    """
    base = size + 2
    if base**longest >= _NONE:
        raise ValueError(f"n-grams of {longest} among {size:,} symbols cannot be numbered: take shorter ones.")
    before = codes.new_zeros(len(codes), longest - 1, dtype=torch.int64)
    before[:, -1] = size + 1  # the start
    windows = torch.cat([before, codes.long() + 1], 1).unfold(1, longest, 1)  # (B,T,longest)
    every = []
    for n in range(SHORTEST, longest + 1):
        window = windows[..., longest - n :]
        place = base ** torch.arange(n, device=codes.device)
        every.append((window * place).sum(-1).masked_fill((window == 0).any(-1), _NONE))
    return torch.stack(every, -1)


def vocabulary(batches: Iterable[tuple[Tensor, Tensor]], size: int, longest: int, least: int) -> Tensor:
    """Return the keys of the n-grams that stand in at least ``least`` of some sequences, in order: (K,).

    Args:
        batches: codes (B,T) and lengths (B,) of some of the sequences, on the CPU.

    Raises:
        ValueError: so many n-grams cannot be numbered.
    """
    found = [_once_a_sequence(ngram_keys(codes, size, longest), lengths) for codes, lengths in batches]
    keys, counts = np.unique(np.concatenate(found), return_counts=True)
    return torch.from_numpy(keys[counts >= least])


def _once_a_sequence(keys: Tensor, lengths: Tensor) -> NDArray[np.int64]:
    """Return the keys that stand in each sequence, those of all sequences in one: (B,T,G), (B,) → (any,)."""
    inside = torch.arange(keys.shape[1]) < lengths[:, None]  # (B,T)
    keys = keys.masked_fill(~inside[..., None], _NONE).flatten(1).sort(1).values
    once = torch.ones_like(keys, dtype=torch.bool)
    once[:, 1:] = keys[:, 1:] != keys[:, :-1]
    return keys[once & (keys < _NONE)].numpy()
