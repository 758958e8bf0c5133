"""Batches: every row once, like lengths together; draws: every class alike."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from torch import Tensor

from tasks.shared.sequences.batching import by_length, uniform_over_classes


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


LENGTHS = st.lists(st.integers(1, 30), min_size=1, max_size=150).map(torch.tensor)
SIZES = st.integers(1, 20)
SEEDS = st.none() | st.integers(0, 2**31)


@budget(deadline=None)
@given(LENGTHS, SIZES, SEEDS)
def test_each_row_is_in_one_batch_of_the_size(lengths: Tensor, size: int, seed: int | None) -> None:
    rows = torch.arange(len(lengths)) * 3 + 7  # row numbers are not positions
    batches = by_length(rows, lengths, size, None if seed is None else generator(seed))
    assert torch.cat(batches).sort().values.tolist() == rows.tolist()
    assert sorted(map(len, batches))[1:] == [size] * (len(batches) - 1)
    assert max(map(len, batches)) <= size


@budget(deadline=None)
@given(LENGTHS, st.integers(2, 20), SEEDS)
def test_within_a_bucket_no_two_batches_overlap_in_length(lengths: Tensor, size: int, seed: int | None) -> None:
    lengths = lengths[: size * 50]
    rows = torch.arange(len(lengths))
    batches = by_length(rows, lengths, size, None if seed is None else generator(seed))
    ordered = sorted((lengths[b].min().item(), lengths[b].max().item()) for b in batches)
    assert all(shorter[1] <= longer[0] for shorter, longer in itertools.pairwise(ordered))


@budget(deadline=None)
@given(LENGTHS, SIZES, st.integers(0, 2**31))
def test_the_generator_decides(lengths: Tensor, size: int, seed: int) -> None:
    rows = torch.arange(len(lengths))
    one, other = (by_length(rows, lengths, size, generator(seed)) for _ in range(2))
    assert [b.tolist() for b in one] == [b.tolist() for b in other]


def test_batches_of_many_buckets_waste_little_and_come_shuffled() -> None:
    lengths = torch.randint(1, 40, (2000,), generator=generator(0))
    rows = torch.arange(2000)
    batches = by_length(rows, lengths, 4, generator(1))

    def padded(found: list[Tensor]) -> int:
        return sum(int(lengths[b].max()) * len(b) for b in found)

    waste = padded(batches) / int(lengths.sum()) - 1
    assert waste < 0.06
    assert padded(list(torch.randperm(2000, generator=generator(2)).split(4))) / int(lengths.sum()) - 1 > 0.3
    longest = [int(lengths[b].max()) for b in batches]
    assert longest != sorted(longest)
    assert batches[0].tolist() != by_length(rows, lengths, 4, generator(2))[0].tolist()


@pytest.mark.parametrize("sizes", [[1, 10, 1000], [5, 0, 5, 0], [3]])
def test_every_class_is_drawn_alike(sizes: list[int]) -> None:
    labels = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    labels = labels[torch.randperm(len(labels), generator=generator(0))]
    drawn = uniform_over_classes(labels, 30_000, generator(1))
    shares = torch.bincount(labels[drawn], minlength=len(sizes)) / 30_000
    there = torch.tensor(sizes) > 0
    assert shares[~there].sum() == 0
    assert (shares[there] - 1 / int(there.sum())).abs().max() < 0.015


def test_within_a_class_every_row_is_drawn_alike() -> None:
    labels = torch.tensor([1, 0, 1, 1, 1, 0])
    counts = torch.bincount(uniform_over_classes(labels, 24_000, generator(3)), minlength=6)
    expected = torch.tensor([3000, 6000, 3000, 3000, 3000, 6000])
    assert ((counts - expected).abs() / expected).max() < 0.08


@budget(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=40).map(torch.tensor), st.integers(0, 50), st.integers(0, 99))
def test_only_rows_that_there_are_are_drawn(labels: Tensor, count: int, seed: int) -> None:
    drawn = uniform_over_classes(labels, count, generator(seed))
    assert len(drawn) == count
    assert all(0 <= row < len(labels) for row in drawn.tolist())
    assert drawn.tolist() == uniform_over_classes(labels, count, generator(seed)).tolist()
