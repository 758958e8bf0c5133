"""The training split's metrics on a fixed sample: which rows, with which weights, and that nothing else changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from engine.comparing import best, differences, saved
from engine.toy_runs import after, only, toy, trained

import cells
import tasks
from tasks.shared.datasets import locations
from tasks.shared.datasets.splits import SplitRows
from workbench.engine import trained_run
from workbench.engine.state import TrainingState
from workbench.engine.trainer import Trainer
from workbench.engine.training_sample import training_sample
from workbench.runs import events
from workbench.runs.events import Eval, Started
from workbench.runs.history import read_history
from workbench.runs.run import Run

SELDOM = {"train.checkpoint_seconds": 1000.0}
BUILT_IN = ("adding", "chars", "climate", "copying", "imdb", "names", "poems", "reviews", "text")


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Rows of the training split of each time that the toy measures it."""
    rows: list[list[int]] = []
    evaluate = tasks.load("toy").evaluate

    def noting(self: Any, model: Any, data: Any, split: str, batch_size: int) -> Any:
        if split == "train":
            rows.append(data.rows["train"].tolist())
        return evaluate(self, model, data, split, batch_size)

    monkeypatch.setattr(tasks.load("toy"), "evaluate", noting)
    return rows


def evals(run: Run) -> list[Eval]:
    return read_history(run.events_file).evals


def test_the_same_rows_are_measured_at_every_evaluation_and_after_a_resume(
    runs_folder: Path, measured: list[list[int]]
) -> None:
    values = {"train.eval_train": 50, "train.eval_every": 4, "train.epochs": 2, "train.seed": 3}
    trained(whole := toy(runs_folder, values))
    assert len(measured) == 6
    sample = measured[0]
    assert len(sample) == len(set(sample)) == 50
    assert all(row % 5 > 1 for row in sample)  # of the training split
    run = toy(runs_folder, values, pause=0.02)
    trained(run, after(1))
    trained(run)
    assert len(measured) == 12
    assert all(rows == sample for rows in measured)
    assert differences(saved(run), saved(whole)) == []
    assert [(e.step, e.train) for e in evals(run)] == [(e.step, e.train) for e in evals(whole)]


def test_another_seed_draws_other_rows(runs_folder: Path) -> None:
    examples = Trainer(toy(runs_folder), TrainingState()).examples
    drawn = [training_sample(examples, 50, seed).rows["train"].tolist() for seed in (0, 0, 1)]  # type: ignore[union-attr]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize("cell", ["rnn", "gru"])
def test_measuring_it_changes_nothing_of_the_training(runs_folder: Path, cell: str) -> None:
    values = {"train.eval_every": 3, "train.average": 0.9, "cell.layers": 2, "cell.dropout": 0.3, **SELDOM}
    runs = [toy(runs_folder, {**values, "train.eval_train": count}, cell=cell) for count in (0, 40, 2_000)]
    for run in runs:
        trained(run)
    reference = runs[0]
    assert all("train" not in msgspec.json.decode(events.encode(e)) for e in evals(reference))
    for run in runs[1:]:
        assert all(e.train for e in evals(run))
        assert differences(saved(run), saved(reference)) == []
        assert differences(best(run), best(reference)) == []
        assert [e.metrics for e in evals(run)] == [e.metrics for e in evals(reference)]


def test_a_sample_no_smaller_than_the_split_is_the_split_with_the_weights_that_are_evaluated(
    runs_folder: Path,
) -> None:
    run = toy(
        runs_folder, {"train.average": 0.9, "train.lr": 0.1, "train.epochs": 1, "train.eval_train": 192, **SELDOM}
    )
    (evaluated,) = only(Eval, trained(run))
    assert evaluated.train == trained_run.evaluate(run, "train")[1].metrics
    assert evaluated.train_s > 0


def test_the_metrics_are_those_of_the_drawn_rows(runs_folder: Path) -> None:
    trainer = Trainer(toy(runs_folder, {"train.eval_train": 31}), TrainingState())
    evaluator = trainer.evaluator
    assert evaluator.training_sample is not None
    rows = evaluator.training_sample.rows["train"]
    trainer.model.eval()
    with torch.inference_mode():
        scores = trainer.model(trainer.examples.codes[rows], trainer.examples.lengths[rows])  # type: ignore[attr-defined]
    right = (scores.argmax(1) == trainer.examples.codes[rows, 0]).double().mean()  # type: ignore[attr-defined]
    metrics, seconds = evaluator.evaluate_training_sample()
    assert metrics["accuracy"] == pytest.approx(float(right))
    assert seconds > 0
    assert trainer.model.training


def test_data_that_cannot_be_restricted_train_and_say_so(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(SplitRows, "restricted")
    happened = trained(toy(runs_folder, {"train.epochs": 1, **SELDOM}))
    assert not any(event.train for event in only(Eval, happened))
    notes = only(Started, happened)[0].notes
    assert [note for note in notes if "train.eval_train" in note] == [
        "The training split is not measured (train.eval_train): the data of this task has no method restricted, of "
        "which docs/own-task.md tells."
    ]
    silent = trained(toy(runs_folder, {"train.epochs": 1, "train.eval_train": 0, **SELDOM}))
    assert not any("eval_train" in note for note in only(Started, silent)[0].notes)


def test_a_run_of_before_the_setting_goes_on(runs_folder: Path) -> None:
    run = toy(runs_folder, {"train.epochs": 2}, pause=0.02)
    described = msgspec.json.decode((run.path / "spec.json").read_bytes())
    del described["train"]["eval_train"]
    (run.path / "spec.json").write_bytes(msgspec.json.encode(described))
    run = Run(run.path)
    trained(run, after(1))
    trained(run)
    assert run.status() == "finished"
    assert evals(run)[-1].train


def test_an_evaluation_of_before_has_no_training_metrics() -> None:
    line = (
        b'{"event":"eval","time":1,"step":2,"epoch":1,"metrics":{"loss":1},"best":{"step":2,"metric":"loss","value":1}}'
    )
    event = events.decode(line)
    assert isinstance(event, Eval)
    assert (event.train, event.train_s) == ({}, 0)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_tasks_data_can_be_restricted(name: str) -> None:
    """The losses of two parts of a split, weighted by their lengths, make the whole split's."""
    kind, settings = tasks.load(name), tasks.settings(name)()
    data = kind.load(settings, locations.starter(name))
    task = kind(settings, data.state)
    torch.manual_seed(0)
    model = task.build(lambda width: cells.build("gru", width, 6)).eval()
    size = data.size("train")
    assert training_sample(data, size, 0) is data
    sample = training_sample(data, size // 3, 0)
    assert sample is not None
    assert sample.size("train") == size // 3
    assert [sample.size(split) for split in ("val", "test")] == [data.size(split) for split in ("val", "test")]
    assert data.size("train") == size
    drawn = set(sample.rows["train"].tolist())
    rest = [place for place, row in enumerate(data.rows["train"].tolist()) if row not in drawn]
    others = data.restricted("train", torch.tensor(rest))
    with torch.inference_mode():
        losses = {part: task.evaluate(model, part_of, "train", 64).metrics["loss"] for part, part_of in
                  {"sample": sample, "others": others, "whole": data}.items()}  # fmt: skip
    weights = [_weight(name, part) for part in (sample, others)]
    mean = (losses["sample"] * weights[0] + losses["others"] * weights[1]) / sum(weights)
    assert losses["whole"] == pytest.approx(mean, rel=1e-4)
    assert losses["sample"] != losses["whole"]


def _weight(task: str, data: Any) -> int:
    """Predicted tokens of poems; elsewhere examples."""
    rows = data.rows["train"]
    return int((data.poems.lengths[rows] - 1).sum()) if task == "poems" else len(rows)
