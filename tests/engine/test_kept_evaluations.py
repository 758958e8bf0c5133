"""Evaluations that are kept besides best and last: which, as what, and after a kill the same again."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from engine.comparing import differences, saved
from engine.toy_runs import copied, only, toy, trained
from hypothesis import given
from hypothesis import strategies as st

from tasks.base import PlainError
from tasks.shared import files
from workbench.engine import loop
from workbench.engine.keeping import spread
from workbench.engine.trained_run import load_trained
from workbench.runs.events import Eval
from workbench.runs.history import read_history
from workbench.runs.run import Run

KEPT = {"train.epochs": 4, "train.eval_every": 3, "train.keep": 4, "train.average": 0.9}


def chosen(steps: list[int], most: int) -> list[int]:
    """Those that are kept at the end of evaluations at these steps."""
    kept: list[int] = []
    for step in steps:
        kept = spread([*kept, step], most)
    return kept


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=60, unique=True).map(sorted),
    st.integers(min_value=1, max_value=12),
)
def test_the_first_and_the_latest_are_always_kept_and_no_more_than_so_many(steps: list[int], most: int) -> None:
    kept = chosen(steps, most)
    assert kept == sorted({*kept})
    assert {*kept} <= {*steps}
    assert len(kept) == min(most, len(steps))
    assert kept[0] == steps[0]
    assert most == 1 or kept[-1] == steps[-1]


@given(st.integers(3, 12), st.integers(2, 300), st.integers(1, 1000))
def test_those_between_are_spread_evenly(most: int, count: int, every: int) -> None:
    kept = chosen([every * number for number in range(1, count + 1)], most)
    gaps = [later - earlier for earlier, later in itertools.pairwise(kept)]
    even = every * (count - 1) / (len(kept) - 1)
    assert max(gaps) <= 2 * even + every


def test_the_one_goes_whose_removal_leaves_the_smallest_gap() -> None:
    assert spread([0, 10, 15, 30, 60], 4) == [0, 15, 30, 60]
    assert spread([0, 20, 30, 35], 3) == [0, 20, 35]  # 15 at the end against 30
    assert spread([0, 10, 19, 27], 3) == [0, 19, 27]  # 17 at the end, which will grow, against 19
    assert spread([0, 10, 20], 1) == [0]


def test_a_run_keeps_evaluations_and_answers_with_each(runs_folder: Path) -> None:
    run = toy(runs_folder, KEPT)
    events = trained(run)
    evaluated = [event.step for event in only(Eval, events)]
    assert run.kept_steps == chosen(evaluated, 4)
    assert len(run.kept_steps) == 4
    for step in run.kept_steps:
        task, model = load_trained(run, at=str(step))
        assert torch.load(run.kept_file(step), weights_only=True)["position"]["step"] == step
        weights = torch.load(run.kept_file(step), weights_only=True)["average"]
        assert all(torch.equal(own, kept) for own, kept in zip(model.parameters(), weights, strict=True))
        assert task.state["labels"]
    last = load_trained(run, at="last")[1]
    for own, kept in zip(last.parameters(), saved(run)["average"], strict=True):
        assert torch.equal(own, kept)
    assert load_trained(run)[1].state_dict().keys() == last.state_dict().keys()


@pytest.mark.parametrize(
    ("at", "lacks"),
    [
        ("5", "keeps no weights of step 5"),
        ("0", "keeps no weights of step 0"),
        ("9" * 5_000, "keeps no weights of step 9+"),  # longer than Python reads as a number
        ("-3", "has no weights called '-3'"),
        ("²", "has no weights called '²'"),
        ("first", "has no weights called 'first'"),
        ("", "has no weights called ''"),
    ],
    ids=["5", "0", "endless", "negative", "raised", "first", "empty"],
)
def test_weights_that_are_not_kept_are_one_sentence(runs_folder: Path, at: str, lacks: str) -> None:
    run = toy(runs_folder, {**KEPT, "train.epochs": 1})
    trained(run)
    with pytest.raises(PlainError, match=rf"^Run {run.id} {lacks}: there are best, last, 3, 6, 9, 12\.$"):
        load_trained(run, at=at)


def test_a_kept_file_that_is_damaged_is_one_sentence(runs_folder: Path) -> None:
    run = toy(runs_folder, {**KEPT, "train.epochs": 1})
    trained(run)
    run.kept_file(3).write_bytes(run.kept_file(3).read_bytes()[:-100])
    with pytest.raises(PlainError, match=r"kept-3\.pt is damaged: its weights cannot be used\. Those of other"):
        load_trained(run, at="3")


def test_of_a_run_without_kept_weights_the_sentence_names_the_setting(runs_folder: Path) -> None:
    run = toy(runs_folder, {"train.epochs": 1})
    with pytest.raises(PlainError, match="has no weights yet: let it reach its first evaluation"):
        load_trained(run, at="12")
    trained(run)
    with pytest.raises(
        PlainError, match=r"there are best, last \(a run with train.keep=N keeps those of N evaluations\)"
    ):
        load_trained(run, at="12")
    run.last_file.unlink()
    with pytest.raises(PlainError, match=r"does not keep its last weights: there are best \("):
        load_trained(run, at="last")


class Killed(BaseException):
    """The worker is killed here."""


@pytest.mark.parametrize("number", range(2, 24, 3))
def test_killed_in_any_write_a_run_keeps_the_same(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    values = {**KEPT, "train.checkpoint_seconds": 1e4}  # evaluations come and go between two checkpoints
    reference, run = toy(runs_folder, values), toy(runs_folder, values)
    trained(reference)
    monkeypatch.setattr(loop, "_STOP_CHECK_SECONDS", 0.0)  # it is asked at every step
    trained(run, lambda: len(read_history(run.events_file).evals) >= 2)
    writes, fsync = itertools.count(1), files.os.fsync

    def strike(descriptor: int) -> None:
        if next(writes) == number:
            raise Killed
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", strike)
        with pytest.raises(Killed):
            trained(run)
    trained(run)
    assert differences(saved(run), saved(reference)) == []
    assert run.kept_steps == reference.kept_steps == saved(run)["position"]["kept"]
    for step in run.kept_steps:
        one, other = (torch.load(each.kept_file(step), weights_only=True) for each in (run, reference))
        for state in (one, other):
            del state["position"]["wall_s"], state["position"]["alarms"]
        assert differences(one, other) == [], step


def test_a_smaller_number_takes_effect_when_the_run_goes_on(stopped: Run, runs_folder: Path) -> None:
    run = copied(stopped, runs_folder, "other")
    run.spec_file.write_bytes(run.spec_file.read_bytes().replace(b'"keep": 0', b'"keep": 2'))
    run = Run(run.path)
    trained(run)
    assert len(run.kept_steps) == 2
    assert run.kept_steps[-1] == 24
