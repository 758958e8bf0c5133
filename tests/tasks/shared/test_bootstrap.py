"""The bootstrap's intervals: of a mean over blocks of observations, of a difference over paired rows."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.shared.baselines.bootstrap import block_interval, paired_interval


def test_single_observations_give_the_interval_of_a_mean() -> None:
    values = np.random.default_rng(1).normal(2.0, 3.0, 400)
    found = block_interval(values, np.arange(400), resamples=4_000)
    half = 1.96 * values.std() / np.sqrt(400)
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=0.06)
    assert found.high == pytest.approx(values.mean() + half, abs=0.06)
    assert found.excludes_zero


def test_observations_of_one_block_count_once() -> None:
    days = np.random.default_rng(2).normal(0.5, 1.0, 12)
    hourly = np.repeat(days, 24)
    once = block_interval(days, np.arange(12))
    each = block_interval(hourly, np.arange(12).repeat(24))
    assert each == pytest.approx(once)
    loose = block_interval(hourly, np.arange(len(hourly)))
    assert loose.high - loose.low < (each.high - each.low) / 3


def test_it_says_whether_zero_lies_within() -> None:
    assert not block_interval([-1.0, 1.0, -1.0, 1.0], [0, 1, 2, 3]).excludes_zero
    assert block_interval([-1.0, -2.0], [0, 1]).excludes_zero


def test_the_seed_makes_the_resamples() -> None:
    values = np.random.default_rng(3).normal(size=30)
    blocks = np.arange(30) // 3
    assert block_interval(values, blocks, seed=4) == block_interval(values, blocks, seed=4)
    assert block_interval(values, blocks, seed=4) != block_interval(values, blocks, seed=5)


def right(shares: tuple[float, ...], rows: int, seed: int) -> np.ndarray:
    """Return which rows (S,N) so many seeds have right: each row is as hard for all of them."""
    draw = np.random.default_rng(seed)
    hard = draw.random(rows)
    return np.stack([hard < share for share in shares]).astype(float)


def test_a_paired_difference_has_the_interval_of_the_mean_of_the_differences() -> None:
    draw = np.random.default_rng(5)
    first = right((0.90, 0.92, 0.91), 2_000, 6)
    second = np.where(draw.random((2, 2_000)) < 0.1, 1 - first[:2], first[:2])
    found = paired_interval(first, second)
    difference = first.mean(0) - second.mean(0)
    half = 1.96 * difference.std() / np.sqrt(2_000)
    assert found.mean == pytest.approx(first.mean() - second.mean())
    assert found.low == pytest.approx(found.mean - half, rel=0.05)
    assert found.high == pytest.approx(found.mean + half, rel=0.05)
    assert found.excludes_zero


def test_rows_that_both_have_right_or_wrong_narrow_the_interval() -> None:
    first, second = right((0.80,), 1_000, 7), right((0.78,), 1_000, 7)  # the same rows are hard
    paired = paired_interval(first, second)
    shuffled = paired_interval(first, np.random.default_rng(8).permutation(second, axis=1))
    assert paired.mean == pytest.approx(shuffled.mean)
    assert paired.high - paired.low < (shuffled.high - shuffled.low) / 3


def test_equal_systems_differ_by_nothing() -> None:
    same = right((0.7, 0.8), 50, 9)
    assert paired_interval(same, same[::-1]) == (0, 0, 0)


def test_a_bound_at_zero_is_zero_and_not_what_rounding_leaves() -> None:
    """Three seeds have thirds of a row, which sum up to 1e-18 in place of 0."""
    draw = np.random.default_rng(131)
    first = (draw.random((3, 64)) < 0.5).astype(float)
    second = first.copy()
    second[draw.integers(0, 3, 6), draw.integers(0, 64, 6)] = 0
    second[draw.integers(0, 3, 1), draw.integers(0, 64, 1)] = 1
    found = paired_interval(first, second)
    assert (found.mean, found.low, found.high) == (4 / 192, 0, 9 / 192)
    assert not found.excludes_zero
