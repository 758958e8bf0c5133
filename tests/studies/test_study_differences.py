"""Differences between settings with the paired interval: beside what theory gives, and where there is none."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
from made_studies import append, correctness, finish, group, made, toy_plan
from runs import event_makers

from tasks.shared.baselines.bootstrap import paired_interval
from workbench.studies import differences, table
from workbench.studies.study import Study

ACCURACY = "test.accuracy"


def found(study: Study, metric: str = ACCURACY) -> list[differences.Difference]:
    return differences.against_best(study.members(), metric, table.task_settings(study))


def right(share: float, seed: int, count: int = 2000) -> list[int]:
    return [int(one) for one in np.random.default_rng(seed).random(count) < share]


def kept(study: Study, number: int, rows: list[int], name: str = "the test rows") -> None:
    finish(study, number, {"accuracy": sum(rows) / len(rows)}, correctness(rows, name))


@pytest.mark.parametrize("shares", [(0.85, 0.80), (0.72, 0.71), (0.99, 0.97)])
def test_the_interval_is_that_of_the_normal_approximation(runs_folder: Path, shares: tuple[float, float]) -> None:
    """Of one seed each: mean ± 1.96 · s / √N of the rows' differences."""
    study = made(runs_folder)
    better, worse = right(shares[0], 1), right(shares[1], 2)
    kept(study, 1, worse)
    kept(study, 2, better)
    (one,) = found(study)
    row = np.array(better) - np.array(worse)
    half = 1.96 * row.std(ddof=1) / math.sqrt(len(row))
    assert (one.first, one.second, one.rows) == ("gru", "rnn", 2000)
    assert one.mean == pytest.approx(row.mean(), abs=1e-12)
    assert one.low == pytest.approx(row.mean() - half, abs=0.06 * half)
    assert one.high == pytest.approx(row.mean() + half, abs=0.06 * half)
    clear = "yes" if one.low > 0 else "no"
    shown = differences.cells(one, table.task_settings(study))
    assert shown == ["rnn", f"{one.mean:.4f}", f"[{one.low:.4f}, {one.high:.4f}]", clear, "2,000"]
    assert differences.title([one]) == "gru: test accuracy above that of the others, paired bootstrap"


def test_the_seeds_of_a_setting_are_averaged_row_by_row(runs_folder: Path) -> None:
    study = made(runs_folder, toy_plan(seeds=2))
    for number, rows in enumerate(([1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1], [1, 1, 1, 0]), 1):
        kept(study, number, rows * 50)
    (one,) = found(study)
    assert one.mean == pytest.approx(0.875 - 0.375)
    expected = paired_interval([[1, 1, 1, 1] * 50, [1, 1, 1, 0] * 50], [[1, 1, 0, 0] * 50, [1, 0, 0, 0] * 50])
    assert (one.low, one.high) == (expected.low, expected.high)


def test_an_interval_covers_the_true_difference_as_often_as_it_says() -> None:
    """Of 300 samples of 400 rows, 95 % (a standard error is 1.3 %)."""
    generator = np.random.default_rng(3)
    covered = 0
    for _ in range(300):
        shared = generator.random(400)
        first, second = shared < 0.8, (shared + 0.1 * generator.random(400)) < 0.8  # alike, as two networks are
        interval = paired_interval([first], [second], resamples=1000)
        covered += interval.low <= 0.05 <= interval.high
    assert 0.90 <= covered / 300 <= 0.99


def test_pairing_narrows_the_interval() -> None:
    first = np.array(right(0.8, 4))
    second = np.where(np.random.default_rng(5).random(2000) < 0.02, 0, first)  # wrong on a few rows more
    paired = paired_interval([first], [second])
    other = paired_interval([first], [np.random.default_rng(6).permutation(second)])
    assert paired.excludes_zero
    assert paired.high - paired.low < (other.high - other.low) / 3


def test_each_setting_is_set_against_the_best(runs_folder: Path) -> None:
    study = made(runs_folder, toy_plan(group("rnn", "gru", "lstm")))
    for number, share in enumerate((0.6, 0.8, 0.7), 1):
        kept(study, number, right(share, number))
    assert [(one.first, one.second) for one in found(study)] == [("gru", "rnn"), ("gru", "lstm")]
    assert all(one.low > 0 and one.clear for one in found(study))


def test_a_difference_is_clear_where_its_interval_leaves_zero_out() -> None:
    for low, high, clear in ((0.1, 0.2, True), (-0.2, -0.1, True), (-0.1, 0.2, False), (0.0, 0.2, False)):
        assert differences.Difference("a", "b", (low + high) / 2, low, high, 100).clear is clear


def test_where_there_is_no_difference_to_tell(runs_folder: Path) -> None:
    study = made(runs_folder, toy_plan(group("rnn", "gru", "lstm"), seeds=2))
    assert found(study) == []
    kept(study, 1, [1, 0] * 20)
    assert found(study) == []  # of one setting
    kept(study, 3, [1, 1] * 20, "other rows")
    assert found(study) == []  # of rows that the first did not test
    finish(study, 5, {"accuracy": 0.9})
    assert found(study) == []  # an older run, which did not keep them
    assert found(study, "test.macro_f1") == []
    kept(study, 4, [1, 1] * 20)
    assert [(one.first, one.second) for one in found(study)] == [("gru", "rnn")]


def test_only_finished_runs_count(runs_folder: Path) -> None:
    study = made(runs_folder, toy_plan(seeds=2))
    kept(study, 1, [1, 0] * 20)
    kept(study, 3, [1, 1] * 20)
    kept(study, 4, [1, 1] * 20)
    append(study.run(4), event_makers.started(), event_makers.failed(3))  # resumed since, and broken
    (one,) = found(study)
    assert one.mean == 0.5


def test_runs_that_tested_other_rows_are_told(runs_folder: Path) -> None:
    study = made(runs_folder, toy_plan(seeds=2))
    for number, rows in enumerate((["a"], ["b"], ["b"], ["b"]), 1):
        kept(study, number, [number % 2, 1] * 20, rows[0])
    (one,) = found(study)
    assert (one.rows, one.runs) == (40, (1, 2))
    assert differences.cells(one, table.task_settings(study))[-1] == "40 (1 and 2 runs)"


def test_damaged_bits_are_left_out(runs_folder: Path) -> None:
    """Counts that the bits do not have, or that differ under one name of the rows."""
    study = made(runs_folder, toy_plan(group("rnn", "gru"), seeds=3))
    rows = correctness([1, 0] * 20)
    for number, spoilt in enumerate(
        (rows, {"count": 41}, {"count": 10**12}, rows, {"count": 0}, {"count": 39, "bits": rows.bits}), 1
    ):
        damaged = msgspec.structs.replace(rows, **spoilt) if isinstance(spoilt, dict) else spoilt
        finish(study, number, {"accuracy": 0.5 + number / 100}, damaged)
    (one,) = found(study)
    assert (one.rows, one.mean) == (40, 0.0)


def test_huge_figures_of_a_damaged_run_break_nothing(runs_folder: Path) -> None:
    study = made(runs_folder, toy_plan(seeds=3))
    for number in range(1, 7):
        finish(study, number, {"accuracy": 1.7e308}, correctness([1, 0]))
    assert len(found(study)) == 1
