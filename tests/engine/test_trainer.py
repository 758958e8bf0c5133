"""The trainer's decisions: which weights are evaluated, kept and averaged, and when the task prepares a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from engine.toy_runs import after, copied, only, toy, trained
from safetensors.torch import load_file

import tasks
from tasks.base import Evaluation
from workbench.engine import trained_run
from workbench.engine.evaluator import Evaluator
from workbench.engine.state import TrainingState
from workbench.engine.trainer import Trainer
from workbench.runs.events import Eval, Finished
from workbench.runs.run import Run

SELDOM = {"train.checkpoint_seconds": 1000.0}


def last(run: Run) -> dict[str, Any]:
    return torch.load(run.last_file, weights_only=True)


def test_the_mean_is_over_the_weights_after_each_step_from_the_first(runs_folder: Path) -> None:
    trainer = Trainer(toy(runs_folder, {"train.average": 0.9, "train.lr": 0.1}), TrainingState())
    means = [weight.detach().clone() for weight in trainer.model.parameters()]
    for number, rows in enumerate(trainer.batches(), 1):
        trainer.step(rows)
        kept = min(0.9, (number - 1) / (number + 10))
        means = [
            kept * mean + (1 - kept) * w.detach() for mean, w in zip(means, trainer.model.parameters(), strict=True)
        ]
        for mean, own in zip(means, trainer.optimization.ema.state(), strict=True):
            torch.testing.assert_close(own, mean)


def test_the_mean_is_evaluated_sampled_and_kept_and_the_weights_are_trained(runs_folder: Path) -> None:
    run = toy(runs_folder, {"train.average": 0.9, "train.lr": 0.1, "train.epochs": 1, **SELDOM})
    (evaluated,) = only(Eval, trained(run))
    names, saved = list(load_file(run.best_file)), last(run)
    means = dict(zip(saved["model"], saved["average"], strict=True))
    best = load_file(run.best_file)
    assert all(best[name].equal(means[name]) for name in names)
    assert not any(best[name].equal(saved["model"][name]) for name in names)
    assert trained_run.evaluate(run, "val")[1].metrics["loss"] == evaluated.metrics["loss"]


# validation accuracy and loss, evaluation by evaluation, and the best evaluation by either
FIGURES = [(0.5, 0.9), (0.8, 0.7), (0.6, 0.3), (0.4, 0.6)]


@pytest.mark.parametrize(
    ("declared", "metric", "best", "seen"),
    [
        ({}, "accuracy", 2, [1, 2, 2, 2]),
        ({"higher_is_better": False}, "accuracy", 4, [1, 1, 1, 4]),
        ({"best_by_loss": True}, "loss", 3, [1, 2, 3, 3]),
        ({"best_by_loss": True, "higher_is_better": False}, "loss", 3, [1, 2, 3, 3]),
    ],
    ids=["highest", "lowest", "lowest loss", "lowest loss of an error"],
)
def test_the_best_evaluation_is_by_what_the_task_declares(
    runs_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    declared: dict[str, bool],
    metric: str,
    best: int,
    seen: list[int],
) -> None:
    run = toy(runs_folder, {"train.max_steps": 4, "train.eval_every": 1, **SELDOM})
    for name, value in declared.items():
        monkeypatch.setattr(tasks.settings("toy"), name, value)
    figures = iter([*FIGURES, FIGURES[0]])  # the last is of the test rows

    def evaluate(self: Evaluator, split: str) -> Evaluation:
        accuracy, loss = next(figures)
        return Evaluation(metrics={"accuracy": accuracy, "loss": loss}, views=[])

    monkeypatch.setattr(Evaluator, "evaluate", evaluate)
    events = trained(run)
    assert [e.best.step for e in only(Eval, events)] == seen
    (finished,) = only(Finished, events)
    value = dict(zip(("accuracy", "loss"), FIGURES[best - 1], strict=True))[metric]
    assert (finished.best.step, finished.best.metric, finished.best.value) == (best, metric, value)


def test_an_evaluation_without_a_number_is_never_the_best(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = toy(runs_folder, {"train.max_steps": 4, "train.eval_every": 1, **SELDOM})
    figures = iter([float("nan"), 0.2, float("nan"), 0.1, 0.2])
    monkeypatch.setattr(
        Evaluator, "evaluate", lambda *_: Evaluation(metrics={"accuracy": next(figures), "loss": 1.0}, views=[])
    )
    assert [e.best.step for e in only(Eval, trained(run))] == [1, 2, 2, 2]


def test_the_task_prepares_a_fresh_network_and_not_a_resumed_one(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[int] = []

    def initialise(self: object, model: torch.nn.Module, data: Any) -> None:
        prepared.append(data.size("train"))
        with torch.no_grad():
            for weight in model.parameters():
                weight.fill_(0.25)

    monkeypatch.setattr(tasks.load("toy"), "initialise", initialise)
    run = toy(runs_folder, {"train.epochs": 2, "train.lr": 1e-12, **SELDOM}, pause=0.02)
    trained(run, after(1))
    assert prepared == [192]
    assert all(bool((weight - 0.25).abs().max() < 1e-6) for weight in last(run)["model"].values())
    trained(run)
    assert prepared == [192]
    trained(copied(run, runs_folder))
    assert prepared == [192]
