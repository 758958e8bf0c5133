"""The block bootstrap's interval: wide where blocks are few and alike within, narrow where they are many."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.shared.baselines.bootstrap import block_interval


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
