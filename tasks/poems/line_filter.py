"""Membership filter of the training corpus's lines, by their hashes: it ships with a model, its corpus does not.

A line's 4-byte hash is of its characters' numbers, so that it goes with one vocabulary. A line that is in the corpus
is always recognised; another one is a false positive with a probability of n / 2³², where n hashes are kept: 0.007 %
for the 282,000 different lines of the Tang corpus (1.1 MB).

Shapes: N lines, L characters of a line, S tokens, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, with no pattern in its bits: 2⁶⁴ over the golden ratio


class LineFilter:
    """The set of the lines of a corpus.

    Args:
        hashes: (n,) uint32, ascending.
    """

    def __init__(self, hashes: NDArray[np.uint32]) -> None:
        self.hashes = hashes

    @classmethod
    def from_tokens(cls, flat: Codes, breaks: NDArray[np.bool_], never: int) -> LineFilter:
        """Build the filter of tokens (S,) that stand end to end, cut into lines by those that are no characters.

        Args:
            breaks: (V,) the tokens that are no character of a line: marks, start, end, forms.
            never: a token whose lines are left out: the unknown, which is never written.
        """
        cut = np.flatnonzero(np.concatenate([[True], breaks[flat], [True]]))
        begins, lengths = cut[:-1], np.diff(cut) - 1  # a line's first character is at ``flat[begins]``
        hashes = [np.zeros(0, np.uint32)]
        for length in np.unique(lengths[lengths > 0]):
            lines = flat[begins[lengths == length][:, None] + np.arange(length)]  # (N,L)
            hashes.append(_hash(lines[(lines != never).all(1)]))
        return cls(np.unique(np.concatenate(hashes)))

    def contains(self, lines: Codes) -> NDArray[np.bool_]:
        """Membership (N,) of lines (N,L), given as characters' numbers."""
        return self._contains(_hash(lines))

    def completes(self, line: Sequence[int], candidates: Codes) -> NDArray[np.bool_]:
        """Membership (N,) of a line's beginning followed by each of the candidates (N,)."""
        return self._contains(_finalize(_extend(_state(line), candidates)))

    def _contains(self, hashes: NDArray[np.uint32]) -> NDArray[np.bool_]:
        if not len(self.hashes):
            return np.zeros(len(hashes), np.bool_)
        places = np.searchsorted(self.hashes, hashes).clip(max=len(self.hashes) - 1)
        return np.asarray(self.hashes[places] == hashes)


def _hash(lines: Codes) -> NDArray[np.uint32]:
    state = np.zeros(len(lines), np.uint64)
    for column in lines.T:
        state = _extend(state, column)
    return _finalize(state)


def _state(line: Sequence[int]) -> NDArray[np.uint64]:
    state = np.zeros(1, np.uint64)
    for code in line:
        state = _extend(state, np.array([code]))
    return state


def _extend(state: NDArray[np.uint64], codes: Codes) -> NDArray[np.uint64]:
    """Add a character to a rolling hash: a polynomial in the characters' numbers modulo 2⁶⁴, its bits mixed."""
    state = (state + codes.astype(np.uint64) + np.uint64(1)) * _FACTOR
    return np.asarray(state ^ (state >> np.uint64(29)))


def _finalize(state: NDArray[np.uint64]) -> NDArray[np.uint32]:
    return ((state * _FACTOR) >> np.uint64(32)).astype(np.uint32)
