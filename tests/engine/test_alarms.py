"""Alarms: their conditions and sentences; each is raised once."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from engine.toy_runs import only, toy, trained
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

import tasks
from workbench.cli.progress import event_line
from workbench.engine.alarms import Alarms
from workbench.engine.loop import train
from workbench.engine.state import TrainingState
from workbench.runs.events import Alarm, Best, Checkpoint, Finished
from workbench.runs.history import History, read_history
from workbench.runs.journal import Journal

BASELINES = {"logistic": {"accuracy": 0.84}, "majority": {"accuracy": 0.47}, "silent": {"macro_f1": 0.1}}


def after(*norms: float | None, clip: float = 1.0, alarms: Alarms | None = None) -> list[str]:
    alarms = alarms or Alarms()
    return [sentence for norm in norms for sentence in alarms.check_gradient(norm, clip, 0.003)]


def evaluated(
    alarms: Alarms,
    accuracy: float | None,
    *,
    task: str = "names",
    baselines: Any = BASELINES,
    more: Any = None,
    **differing: Any,
) -> list[str]:
    best = Best(step=1_200, metric="accuracy", value=0.8123)
    usual = {"epoch": 5.0, "step": 2_000, "total": 4_000, "since_best": 0}
    figures = {"loss": 1.0, "accuracy": accuracy, **(more or {})}
    return alarms.check_evaluation(figures, tasks.settings(task), baselines, best, **{**usual, **differing})


def test_a_gradient_far_above_its_usual_is_told_once() -> None:
    [sentence] = after(*[2.0] * 30, 90.0, 95.0, 80.0)
    assert sentence == (
        "The gradient exploded: its norm was 90.0, 45 times its usual 2.00; it was clipped to 1. "
        "If it goes on, start again with a lower --lr (it is 0.003)."
    )


def test_it_is_told_again_once_it_was_calm_for_long() -> None:
    assert len(after(*[2.0] * 30, 90.0, *[2.0] * 10, 90.0)) == 1
    assert len(after(*[2.0] * 30, 90.0, *[2.0] * 20, 90.0)) == 2


def test_a_gradient_below_the_clip_is_no_alarm() -> None:
    assert after(*[0.01] * 30, 0.9) == []
    assert after(*[0.01] * 30, 11.0) != []
    [sentence] = after(*[0.01] * 30, 0.9, clip=0.0)
    assert "90 times its usual 0.01; it is not clipped (train.clip=1 would)" in sentence


@pytest.mark.parametrize("norms", [[2.0] * 10 + [90.0], [2.0] * 30 + [19.0], [None, math.nan, math.inf] * 30])
def test_what_is_early_or_ordinary_or_no_number_is_no_exploded_gradient(norms: list[float | None]) -> None:
    assert after(*norms) == []


@budget(deadline=None, max_examples=40)
@given(st.lists(st.floats(0.1, 0.9), max_size=100))
def test_an_ordinary_training_raises_no_alarm(norms: list[float]) -> None:
    assert after(*norms) == []


def test_worse_than_every_baseline_is_told_after_the_first_epochs_with_the_strongest() -> None:
    alarms = Alarms()
    assert evaluated(alarms, 0.3, epoch=1.0, step=400) == []
    [sentence] = evaluated(alarms, 0.3, epoch=2.0, step=400)
    assert sentence == (
        "The validation accuracy (0.3000) is worse than every baseline: the strongest, logistic, has 0.8400."
    )
    assert evaluated(alarms, 0.31) == []
    assert evaluated(alarms, 0.5) == []  # still worse than the strongest, which was named
    assert evaluated(alarms, 0.84) == []
    assert len(evaluated(alarms, 0.83, step=2_400)) == 1


def test_worse_than_some_baselines_is_told_in_the_second_half_with_the_strongest_of_them() -> None:
    baselines = {**BASELINES, "bayes": {"accuracy": 0.82}}
    alarms = Alarms()
    assert evaluated(alarms, 0.81, baselines=baselines, step=2_000) == []
    [sentence] = evaluated(alarms, 0.81, baselines=baselines, step=2_001)
    assert sentence == (
        "The validation accuracy (0.8100) is worse than 2 of 3 baselines: the strongest, logistic, has 0.8400."
    )
    assert evaluated(Alarms(), 0.85, baselines=baselines, step=2_001) == []


def test_a_run_of_one_epoch_is_judged_in_its_second_half() -> None:
    assert evaluated(Alarms(), 0.3, epoch=0.5, step=2_000) == []
    assert len(evaluated(Alarms(), 0.3, epoch=0.6, step=2_400)) == 1


def test_where_lower_is_better_the_strongest_method_is_the_lowest() -> None:
    baselines = {"last value": {"rmse_c": 9.0}, "day shape": {"rmse_c": 4.0}}
    assert evaluated(Alarms(), None, task="climate", baselines=baselines, more={"rmse_c": 3.9}) == []
    [sentence] = evaluated(Alarms(), None, task="climate", baselines=baselines, more={"rmse_c": 9.1})
    assert "validation RMSE °C (9.100) is worse than every baseline: the strongest, day shape, has 4.000." in sentence


def test_the_best_evaluation_is_judged_at_the_end_once() -> None:
    alarms = Alarms()
    settings = tasks.settings("names")
    assert alarms.check_best({"accuracy": 0.85}, settings, BASELINES) == []
    [sentence] = alarms.check_best({"accuracy": 0.8}, settings, BASELINES)
    assert sentence.endswith("is worse than 1 of 2 baselines: the strongest, logistic, has 0.8400.")
    assert alarms.check_best({"accuracy": 0.8}, settings, BASELINES) == []
    assert alarms.check_best({}, settings, BASELINES) == []


@pytest.mark.parametrize("baselines", [{}, {"silent": {"macro_f1": 0.9}}])
def test_without_baselines_to_compare_with_nothing_is_said(baselines: dict[str, Any]) -> None:
    assert evaluated(Alarms(), 0.0, baselines=baselines) == []


def test_no_better_evaluation_for_long_is_told_once_until_there_is_one() -> None:
    alarms = Alarms()
    assert evaluated(alarms, 0.85, since_best=4, step=3_000) == []
    assert evaluated(alarms, 0.85, since_best=9, step=1_900) == []
    [sentence] = evaluated(alarms, 0.85, since_best=5, step=2_000)
    assert sentence == (
        "No better evaluation in 5: the best was accuracy 0.8123 at step 1,200. "
        "Its weights are kept; stopping now loses nothing."
    )
    assert evaluated(alarms, 0.85, since_best=6, step=2_200) == []
    assert evaluated(alarms, 0.9) == []
    assert len(evaluated(alarms, 0.85, since_best=5, step=3_000)) == 1


def test_at_the_last_step_nothing_is_left_to_stop() -> None:
    assert evaluated(Alarms(), 0.85, since_best=5, step=3_999)
    assert evaluated(Alarms(), 0.85, since_best=5, step=4_000) == []


def test_a_figure_that_is_no_number_is_told_once() -> None:
    alarms = Alarms()
    assert evaluated(alarms, 0.8, more={"loss": math.nan, "macro_f1": math.inf}) == [
        "The validation's loss and macro F1 are not a number."
    ]
    assert evaluated(alarms, 0.8, more={"loss": math.nan}) == []
    assert evaluated(alarms, 0.8) == []
    assert len(evaluated(alarms, 0.8, more={"loss": math.nan})) == 1


def test_a_killed_run_does_not_repeat_its_alarms(runs_folder: Path) -> None:
    # it learns nothing: its first evaluation stays the best
    run = toy(runs_folder, {"train.epochs": 1, "train.lr": 1e-30, "train.eval_every": 1})
    life = train(run, lambda: False, TrainingState())
    journal = Journal(run.events_file)
    told = False
    for event in life:
        journal.append(event)
        told = told or (isinstance(event, Alarm) and "No better evaluation" in event.message)
        if told and isinstance(event, Checkpoint):
            break
    life.close()
    journal.close()
    assert told
    again = trained(run)
    assert isinstance(again[-1], Finished)
    assert not [event for event in only(Alarm, again) if "No better evaluation" in event.message]
    history = read_history(run.events_file)
    assert len([alarm for alarm in history.alarms if "No better evaluation" in alarm.message]) == 1


def test_on_the_command_line_an_alarm_is_a_line() -> None:
    alarm = Alarm(time=0.0, step=1_200, message="The gradient [red] exploded.")
    assert event_line(alarm, History(), "accuracy") == "Alarm at step 1,200: The gradient [red] exploded."


def test_the_raised_causes_are_all_that_a_resumed_run_needs() -> None:
    raised: list[str] = []
    alarms = Alarms(raised)
    assert len(after(*[2.0] * 30, 90.0, alarms=alarms)) == 1
    assert len(evaluated(alarms, 0.3)) == 1
    again = Alarms(list(raised))
    assert after(*[2.0] * 5, 90.0, alarms=again) == []
    assert evaluated(again, 0.3) == []
