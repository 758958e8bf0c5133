"""Count-based language models: add-one unigrams and modified Kneser-Ney n-grams, exact. No torch.

Shapes: S tokens of all sequences together, N sequences, V vocabulary, K distinct n-grams of a level.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]

_FALLBACK = (0.0, 0.5, 1.0, 1.5)  # discounts of counts 0, 1, 2, 3 and more where too few n-grams are seen to tell


@dataclasses.dataclass(frozen=True)
class _Level:
    """The n-grams of one length: each is its context's number (a shorter n-gram's) times V plus its last token."""

    keys: Ints  # (K,) ascending; an n-gram's number is its place
    mass: Floats  # (K,) its discounted count over its context's counts
    left: Floats  # (contexts,) the share that discounting left for shorter n-grams; 1 where nothing ever follows


class KneserNey:
    """An interpolated n-gram model with modified Kneser-Ney smoothing.

    p(w|h) = max(c(hw) − D, 0) / c(h·) + γ(h) p(w|h′), where h′ is h without its first token, c counts occurrences for
    the longest n-grams and for those that begin with a sequence's first token (nothing can stand before it), and
    the distinct tokens seen before them for all others. D depends on c = 1, 2, ≥ 3. The shortest interpolate with
    the uniform distribution. Each sequence begins with a start token that is given, not predicted.

    S. F. Chen and J. Goodman, An Empirical Study of Smoothing Techniques for Language Modeling, 1999, section 3.

    Args:
        flat: (S,) the training sequences' tokens, end to end.
        lengths: (N,) each sequence's length.
        order: tokens of the longest n-grams.
        size: V.
        never: the tokens that are never predicted: padding, the start.
    """

    def __init__(self, flat: Ints, lengths: Ints, *, order: int, size: int, never: Sequence[int] = ()) -> None:
        self.order = order = min(order, int(lengths.max()))  # there are no longer ones
        self.size = size
        self._uniform = np.full(size, 1 / (size - len(set(never))))
        self._uniform[list(never)] = 0
        place = _places(lengths)
        ends = [np.flatnonzero(place >= max(1, k)) for k in range(order)]  # the possible ends of (k+1)-grams
        contexts: Ints = flat.astype(np.int64)  # number of the n-gram that ends at each place; of one token: itself
        numbered: list[tuple[Ints, Ints, Ints]] = []  # keys, each key's first end, n-gram number at each place
        for k in range(order):
            where = ends[k]
            key = flat[where].astype(np.int64) if k == 0 else contexts[where - 1] * size + flat[where]
            keys, first, number = np.unique(key, return_index=True, return_inverse=True)
            numbers = np.full(len(flat), -1)
            numbers[where] = number
            numbered.append((keys, where[first], numbers))
            if k:
                contexts = numbers
        self._levels = [
            self._level(k, numbered, place, size if k < 2 else len(numbered[k - 1][0])) for k in range(order)
        ]

    def _level(self, k: int, numbered: list[tuple[Ints, Ints, Ints]], place: Ints, contexts: int) -> _Level:
        keys, first, numbers = numbered[k]
        counts = np.bincount(numbers[numbers >= 0], minlength=len(keys))
        if k < self.order - 1:
            longer_first = numbered[k + 1][1]
            before = np.bincount(numbers[longer_first], minlength=len(keys))  # distinct tokens seen before each
            starts = (place[first] == k) & (k > 0)
            counts = np.where(starts, counts, before)
        context = keys // self.size
        kinds = np.minimum(counts, 3)
        discounts = _discounts(counts)[kinds]
        total = np.bincount(context, counts, contexts)
        divisor = np.maximum(total, 1)
        left = np.where(total > 0, np.bincount(context, discounts, contexts) / divisor, 1.0)
        return _Level(keys, (counts - discounts) / divisor[context], left)

    def probabilities(self, flat: Ints, lengths: Ints) -> Floats:
        """Return the probability of every token of some sequences given those before it, without each sequence's first.

        Args:
            flat: (S,) their tokens, end to end.
            lengths: (N,) each one's length.

        Returns:
            (S−N,) in their order.
        """
        place = _places(lengths)
        flat = flat.astype(np.int64)
        result: Floats = self._uniform[flat]
        contexts = np.where(place >= 0, flat, -1)
        for k, level in enumerate(self._levels):
            context = np.roll(contexts, 1) if k else np.zeros_like(flat)
            context[place < max(1, k)] = -1
            key = np.where(context >= 0, context * self.size + flat, -1)
            at = np.searchsorted(level.keys, key).clip(max=len(level.keys) - 1)
            present = level.keys[at] == key
            shorter = np.where(context >= 0, level.left[context], 1.0) * result
            result = np.where(present, level.mass[at], 0.0) + shorter
            if k:
                contexts = np.where(present, at, -1)
        return result[place > 0]


def unigram(flat: Ints, lengths: Ints, *, size: int, never: Sequence[int] = ()) -> Floats:
    """Return the probability (V,) of each token wherever it stands but first: its count plus one.

    Args:
        flat: (S,) the training sequences' tokens, end to end.
        lengths: (N,) each one's length.
        size: V.
        never: the tokens that are never predicted.
    """
    counts = np.bincount(flat[_places(lengths) > 0], minlength=size) + 1.0
    counts[list(never)] = 0
    probabilities: Floats = counts / counts.sum()
    return probabilities


def _places(lengths: Ints) -> Ints:
    """Return each token's place in its sequence: (N,) → (S,)."""
    starts = np.cumsum(lengths) - lengths
    places: Ints = np.arange(int(lengths.sum())) - np.repeat(starts, lengths)
    return places


def _discounts(counts: Ints) -> Floats:
    """Return the discounts of counts 0, 1, 2, 3 and more (Chen and Goodman, equation 26)."""
    t = np.bincount(counts, minlength=5)[:5].astype(float)
    if t[1:].all():
        y = t[1] / (t[1] + 2 * t[2])
        discounts = np.array([0.0, *(c - (c + 1) * y * t[c + 1] / t[c] for c in (1, 2, 3))])
        if all(0 <= discounts[c] <= c for c in (1, 2, 3)):
            return discounts
    return np.array(_FALLBACK)
