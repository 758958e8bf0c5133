"""A training between its steps: a sample after each evaluation, a call of the task at each epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from engine.toy_runs import after, only, toy, trained

from tasks.scribe import task as scribe_task
from tasks.views import Text
from workbench.config import spec
from workbench.engine import loop as loop
from workbench.runs import store
from workbench.runs.events import Eval, Sample
from workbench.runs.history import read_history
from workbench.runs.run import Run

STEPS = 6  # an epoch: 96 rows by 16


def scribe(folder: Path, cell: str = "lstm", **values: Any) -> Run:
    return store.create(folder, spec.make("scribe", cell, {"train.epochs": 3, **values}))


def weights(run: Run) -> dict[str, torch.Tensor]:
    return torch.load(run.last_file, weights_only=True)["model"]


@pytest.fixture
def tasks_made(monkeypatch: pytest.MonkeyPatch) -> list[scribe_task.Task]:
    """The tasks that a training made, with what they were told."""
    made: list[scribe_task.Task] = []
    begin = scribe_task.Task.__init__

    def remembered(self: scribe_task.Task, *args: Any) -> None:
        begin(self, *args)
        made.append(self)

    monkeypatch.setattr(scribe_task.Task, "__init__", remembered)
    return made


def test_a_sample_lands_after_each_evaluation(runs_folder: Path) -> None:
    run = scribe(runs_folder)
    events = [event for event in trained(run) if isinstance(event, Eval | Sample)]
    assert [type(event) for event in events] == [Eval, Sample] * 3
    assert [event.step for event in events] == [6, 6, 12, 12, 18, 18]
    written = read_history(run.events_file).samples
    assert [sample.step for sample in written] == [6, 12, 18]
    for sample in written:
        assert isinstance(sample.view, Text)
        assert sample.view.text.startswith("月")


def test_a_task_that_writes_nothing_has_no_samples(runs_folder: Path) -> None:
    assert only(Sample, trained(toy(runs_folder, {"train.max_steps": 2}))) == []


@pytest.mark.parametrize("stop", [1, 7, 12])
def test_a_resumed_writer_ends_with_the_same_weights_and_samples(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    monkeypatch.setattr(loop, "_STOP_CHECK_SECONDS", 0.0)
    whole, parted = scribe(runs_folder), scribe(runs_folder)
    trained(whole)
    trained(parted, after(stop))
    assert parted.status() == "stopped"
    trained(parted)
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(parted)[name]), name
    one, other = (read_history(run.events_file) for run in (whole, parted))
    assert [(s.step, s.view) for s in one.samples] == [(s.step, s.view) for s in other.samples]
    assert one.ended.test == other.ended.test


def test_sampling_leaves_the_trainings_generator_alone(runs_folder: Path) -> None:
    """With dropout, the weights tell; a sample that draws from torch's own generator is seen by this very test."""
    seldom, often = scribe(runs_folder), scribe(runs_folder, **{"train.eval_every": 1})
    wrong = scribe(runs_folder, **{"train.eval_every": 1, "task.draws": True})
    for run in (seldom, often, wrong):
        trained(run)
    same, changed = (
        all(torch.equal(tensor, weights(run)[name]) for name, tensor in weights(seldom).items())
        for run in (often, wrong)
    )
    assert same
    assert not changed


def test_begin_epoch_is_called_for_each_epoch_and_for_a_resumed_one(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch, tasks_made: list[scribe_task.Task]
) -> None:
    monkeypatch.setattr(loop, "_STOP_CHECK_SECONDS", 0.0)
    run = scribe(runs_folder)
    trained(run, after(STEPS + 2))  # within the second epoch
    assert tasks_made[-1].epochs_begun == [0, 1]
    trained(run)
    assert tasks_made[-1].epochs_begun == [1, 2]
