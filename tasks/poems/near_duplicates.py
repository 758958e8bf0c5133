"""Near-duplicates among poems: groups linked by shared lines, which no split may part.

Two poems are linked where they share at least half of the different lines of one of them; linked poems, and those
linked to these, make a group. Lines count without their marks, by their characters alone.

Shapes: N poems, L different lines.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.poems import forms

_CHUNK = 256  # poems that are compared with all others at a time


def groups(poems: Sequence[str]) -> NDArray[np.int64]:
    """Number each poem's group of near-duplicates: (N,), equal for the poems of one group."""
    from scipy.sparse import coo_matrix, csr_matrix
    from scipy.sparse.csgraph import connected_components

    count = len(poems)
    numbers: dict[str, int] = {}
    lines = [[numbers.setdefault(line, len(numbers)) for line in dict.fromkeys(forms.bare(poem))] for poem in poems]
    sizes = np.array([len(of_poem) for of_poem in lines])
    starts = np.concatenate([[0], np.cumsum(sizes)])
    flat = np.array([line for of_poem in lines for line in of_poem], dtype=np.int64)
    holds = csr_matrix((np.ones(len(flat), np.int32), flat, starts), (count, len(numbers)))  # (N,L)
    held_by = holds.T.tocsr()  # (L,N), so that no chunk transposes it anew
    found = np.arange(count)
    for first in range(0, count, _CHUNK):
        shared = (holds[first : first + _CHUNK] @ held_by).tocoo()
        rows = shared.row + first
        near = 2 * shared.data >= np.minimum(sizes[rows], sizes[shared.col])
        linked = near & (found[rows] != found[shared.col])
        if linked.any():
            edges = found[rows[linked]], found[shared.col[linked]]
            graph = coo_matrix((np.ones(linked.sum(), np.int8), edges), (count, count))
            found = connected_components(graph, directed=False)[1][found]
    return found.astype(np.int64)


def summarize(found: NDArray[np.int64]) -> list[str]:
    """The count of near-duplicates among poems whose ``groups`` are given, in a sentence; none where there is none."""
    sizes = np.bincount(found)
    together = sizes[sizes > 1]
    if not len(together):
        return []
    kept = "their group stands" if len(together) == 1 else f"each of their {len(together):,} groups stands"
    return [f"{together.sum():,} poems share half their lines or more with another: {kept} in one split."]
