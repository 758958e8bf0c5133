"""Splits: groups stay together, classes are spread, the seed decides."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from tasks.shared.datasets.splits import TEST, TRAIN, VAL, stratified_groups

ROWS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 4)), min_size=1, max_size=120)
SEEDS = st.integers(0, 2**31 - 1)


def split_of(rows: list[tuple[int, int]], seed: int) -> list[int]:
    return stratified_groups([f"g{g}" for g, _ in rows], [c for _, c in rows], seed).tolist()


@budget(deadline=None)
@given(ROWS, SEEDS)
def test_a_group_never_parts(rows: list[tuple[int, int]], seed: int) -> None:
    splits = defaultdict(set)
    for (group, _), split in zip(rows, split_of(rows, seed), strict=True):
        splits[group].add(split)
    assert all(len(found) == 1 for found in splits.values())
    assert set().union(*splits.values()) <= {TRAIN, VAL, TEST}


@budget(deadline=None)
@given(ROWS, SEEDS)
def test_every_class_with_three_groups_of_its_own_is_in_all_splits(rows: list[tuple[int, int]], seed: int) -> None:
    rows = [(10 * group + label, label) for group, label in rows]  # no group has two classes
    found, groups = defaultdict(set), defaultdict(set)
    for (group, label), split in zip(rows, split_of(rows, seed), strict=True):
        found[label].add(split)
        groups[label].add(group)
    for label, of in groups.items():
        assert found[label] == ({TRAIN, VAL, TEST} if len(of) >= 3 else {TRAIN})


@budget(deadline=None)
@given(ROWS, SEEDS)
def test_the_seed_decides(rows: list[tuple[int, int]], seed: int) -> None:
    assert split_of(rows, seed) == split_of(rows, seed)


def test_another_seed_is_another_split_of_the_same_sizes() -> None:
    rows = [(g, g % 3) for g in range(300)]
    one, other = split_of(rows, 1), split_of(rows, 2)
    assert one != other
    assert np.bincount(one).tolist() == np.bincount(other).tolist()


@budget(deadline=None, max_examples=30)
@given(st.lists(st.integers(3, 400), min_size=1, max_size=5), SEEDS)
def test_each_class_is_held_out_by_its_share(sizes: list[int], seed: int) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    split = stratified_groups(range(len(labels)), labels.tolist(), seed)
    for label, size in enumerate(sizes):
        for kind in (VAL, TEST):
            held = int(((split == kind) & (labels == label)).sum())
            assert abs(held - size / 10) <= 0.5 or (held == 1 and size < 10)


def test_other_shares_are_kept() -> None:
    split = stratified_groups(range(200), [0] * 200, 0, shares=(0.25, 0.05))
    assert np.bincount(split).tolist() == [140, 50, 10]


@pytest.mark.parametrize("seed", range(5))
def test_a_group_of_two_classes_counts_with_the_rarer_one(seed: int) -> None:
    """Three names of a rare class that all stand in the common one too: the rare class is still in every split."""
    groups = [*range(50), *range(3)]
    classes = [0] * 50 + [1] * 3
    split = stratified_groups(groups, classes, seed)
    assert sorted(split[50:].tolist()) == [TRAIN, VAL, TEST]
    assert split[:3].tolist() == split[50:].tolist()


def test_rows_and_classes_of_different_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        stratified_groups(["a", "b"], [0], 0)
