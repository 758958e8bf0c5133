"""Blocked cross-validation: each fold tests on a block of its own, validates just before it, and leaks nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from climate_files import course, small, station
from hypothesis import given
from hypothesis import strategies as st

from tasks.climate import folds
from tasks.climate.task import Task


@given(st.integers(2, 12), st.integers(100, 20_000))
def test_the_test_blocks_are_apart_and_stand_behind_their_validation_blocks(count: int, ticks: int) -> None:
    tested: list[int] = []
    for number in range(1, count + 1):
        parts = folds.fold(ticks, count, number)
        ranges = {split: [set(range(*each)) for each in several] for split, several in parts.items()}
        (val,), (test,) = ranges["val"], ranges["test"]
        train = set().union(*ranges["train"])
        assert max(val) + 1 == min(test)
        assert not val & test
        assert not train & (val | test)
        assert len(train | val | test) == ticks
        assert abs(len(test) - ticks / (count + 1)) <= 1
        tested += sorted(test)
    assert tested == list(range(round(ticks / (count + 1)), ticks))  # all but the first block, each once


@pytest.mark.parametrize("fold", [1, 2, 3])
def test_no_window_of_a_fold_touches_another_part(tmp_path: Path, fold: int) -> None:
    data = Task.load(small(folds=3, fold=fold, stride=1), station(tmp_path, course(1000)))
    part = {split: [set(range(row, row + 72)) for row in rows.tolist()] for split, rows in data.rows.items()}
    ranges = folds.fold(1000, 3, fold)
    for split, several in ranges.items():
        blocks = [set(range(*each)) for each in several]
        assert all(any(window <= block for block in blocks) for window in part[split])
        assert len(part[split]) == sum(len(block) - 71 for block in blocks)


def test_scaling_is_learnt_from_both_sides_of_the_test_block(tmp_path: Path) -> None:
    values = course(1000)
    data = Task.load(small(folds=4, fold=2), station(tmp_path, values))
    trained = np.concatenate([values[:200], values[600:]])
    assert data.state["mean"][-1] == pytest.approx(trained.mean())
    assert data.state["spread"][-1] == pytest.approx(trained.std())


def test_a_fold_is_told_and_has_baselines_of_its_own(tmp_path: Path) -> None:
    folder = station(tmp_path, course(1000))
    usual = Task.load(small(), folder)
    assert Task(small(), usual.state).protocol == ""
    Task(small(), usual.state).baseline(usual)
    settings = small(folds=3, fold=2)
    data = Task.load(settings, folder)
    task = Task(settings, data.state)
    assert task.protocol == (
        "Fold 2 of 3 of blocked cross-validation: it trains on all but the test block and the validation block "
        "before it."
    )
    assert task.baseline(data, cached_only=True) == {}
    assert task.baseline(data) != Task(small(), usual.state).baseline(usual)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"fold": 2}, r"^task\.fold=2 is no fold of task\.folds=0: set task\.folds too, to 5 for instance\.$"),
        ({"folds": 5, "fold": 6}, r"^task\.fold=6 is no fold of task\.folds=5: there are 5\.$"),
        ({"folds": 5}, r"^task\.folds=5 needs task\.fold, from 1 to 5: a run tests on one fold\.$"),
        ({"folds": 1, "fold": 1}, r"^task\.folds=1 is no cross-validation: give 2 folds or more, or 0 for the "),
    ],
)
def test_folds_that_are_none_are_refused(changes: dict[str, Any], sentence: str) -> None:
    small(folds=5, fold=5).check()
    with pytest.raises(ValueError, match=sentence):
        small(**changes).check()
