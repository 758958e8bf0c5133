"""Splits: which rows train, which validate, which test."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Hashable, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from tasks.base import SPLITS, Split

TRAIN, VAL, TEST = range(3)


class SplitRows:
    """Part of a task's ``Data`` that holds each split as row numbers in ``rows``, on the CPU."""

    rows: dict[Split, Tensor]

    def size(self, split: Split) -> int:
        """Return the number of examples of a split."""
        return len(self.rows[split])

    def restricted(self, split: Split, places: Tensor) -> Self:
        """Return the same data with only those examples of a split that stand at ``places`` (n,) in it."""
        fewer = copy.copy(self)  # with what it has derived already
        object.__setattr__(fewer, "rows", {**self.rows, split: self.rows[split][places]})  # it may be frozen
        return fewer


def rows(split: Tensor) -> dict[Split, Tensor]:
    """Each split's row numbers, from each row's split: (N,) → three of (n,)."""
    return {name: (split == number).nonzero()[:, 0] for number, name in enumerate(SPLITS)}


def stratified_groups(
    groups: Sequence[Hashable], classes: Sequence[int], seed: int, shares: tuple[float, float] = (0.1, 0.1)
) -> NDArray[np.int8]:
    """Give each row a split (0 train, 1 validation, 2 test), seeded and stratified by class.

    Args:
        groups: (N,) rows of one group never part, though their classes differ; the group counts with its rarest class.
        classes: (N,) each row's class.
        shares: of validation and of test; each class gives each of them at least one group where it has three.

    Returns:
        (N,) int8.
    """
    frequency = np.bincount(np.asarray(classes))
    stratum: dict[Hashable, int] = {}
    for group, label in zip(groups, classes, strict=True):
        if group not in stratum or frequency[label] < frequency[stratum[group]]:
            stratum[group] = label
    random = np.random.default_rng(seed)
    split: dict[Hashable, int] = {}
    for label in sorted(set(stratum.values())):
        members = [group for group, of in stratum.items() if of == label]
        sizes = [max(share > 0, round(len(members) * share)) if len(members) >= 3 else 0 for share in shares]
        kinds = [VAL] * sizes[0] + [TEST] * sizes[1]
        order = random.permutation(len(members))
        split.update({members[i]: kinds[k] if k < len(kinds) else TRAIN for k, i in enumerate(order)})
    return np.array([split[group] for group in groups], dtype=np.int8)


def repeats(groups: Sequence[Hashable], rows: NDArray[np.bool_], others: NDArray[np.bool_]) -> int:
    """Count the ``rows`` whose group also stands in the ``others``: (N,) groups, two masks (N,)."""
    elsewhere = set(itertools.compress(groups, others))
    return sum(group in elsewhere for group in itertools.compress(groups, rows))
