"""Optimisers, schedules, clipping, precision: each does what its name says."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch
from engine.toy_runs import only, toy, trained

from workbench.config import spec
from workbench.engine import network
from workbench.engine.data import load
from workbench.runs.events import Eval, Finished, Started, Step
from workbench.runs.run import Run

SELDOM = {"train.checkpoint_seconds": 1000.0}
RATES = {"adamw": 0.02, "adam": 0.02, "rmsprop": 0.01, "sgd": 0.3}
CHOICES = {field.key: field.choices for field in spec.fields("toy")}


@pytest.mark.parametrize(
    ("optimizer", "schedule"), list(itertools.product(CHOICES["train.optimizer"], CHOICES["train.schedule"]))
)
def test_the_loss_falls(runs_folder: Path, optimizer: str, schedule: str) -> None:
    values = {
        "train.epochs": 8,
        "train.optimizer": optimizer,
        "train.schedule": schedule,
        "train.lr": RATES[optimizer],
        "train.momentum": 0.9 if optimizer == "sgd" else 0.0,
        **SELDOM,
    }
    evals = only(Eval, trained(toy(runs_folder, values, cell="gru", dropout=0.0)))
    assert evals[-1].metrics["loss"] < 0.8 * evals[0].metrics["loss"]
    assert evals[-1].best.value > 0.6  # a third by guessing


def rates(runs_folder: Path, schedule: str, **more: float) -> list[float]:
    values = {"train.epochs": 0, "train.max_steps": 20, "train.schedule": schedule, "train.lr": 0.1}
    values |= {f"train.{key}": value for key, value in more.items()}
    return [step.lr for step in only(Step, trained(toy(runs_folder, values)))]  # the toy reports each step


def test_the_schedules_move_the_rate_as_named(runs_folder: Path) -> None:
    assert set(rates(runs_folder, "constant")) == {0.1}
    cosine = rates(runs_folder, "cosine")
    assert len(cosine) == 20
    assert cosine == sorted(cosine, reverse=True)
    assert cosine[-1] == pytest.approx(0, abs=1e-9)
    one_cycle = rates(runs_folder, "one-cycle")
    peak = one_cycle.index(max(one_cycle))
    assert max(one_cycle) == pytest.approx(0.1, rel=0.02)
    assert 3 <= peak <= 9
    assert one_cycle[: peak + 1] == sorted(one_cycle[: peak + 1])
    assert one_cycle[-1] < 1e-5
    short = rates(runs_folder, "one-cycle", warmup=0.1)
    assert short.index(max(short)) < 3


def one_sgd_step(runs_folder: Path, clip: float) -> tuple[float, float]:
    """Distance that one step of plain SGD at rate 1 moves the weights, and the gradient norm that it reports."""
    run = toy(runs_folder, {"train.max_steps": 1, "train.optimizer": "sgd", "train.lr": 1.0, "train.clip": clip})
    torch.manual_seed(run.spec.train.seed)
    before = network.build(run.spec, load(run.spec)[0]).state_dict()
    events = trained(run)
    after = torch.load(run.last_file, weights_only=True)["model"]
    moved = torch.cat([(after[name] - before[name]).flatten() for name in after]).norm()
    return float(moved), only(Step, events)[0].grad_norm


def test_clipping_bounds_the_step_and_reports_the_norm_before_it(runs_folder: Path) -> None:
    free, norm = one_sgd_step(runs_folder, 0.0)
    assert free == pytest.approx(norm, rel=1e-3)
    assert norm > 0.02
    clipped, reported = one_sgd_step(runs_folder, 0.01)
    assert clipped == pytest.approx(0.01, rel=1e-3)
    assert reported == pytest.approx(norm, rel=1e-3)


def finished(run: Run) -> tuple[Started, list[float], dict[str, Any]]:
    events = trained(run)
    assert isinstance(events[-1], Finished)
    return events[0], [e.metrics["loss"] for e in only(Eval, events)], torch.load(run.last_file)["model"]


def test_mixed_precision_trains_on_the_cpu(runs_folder: Path) -> None:
    values = {"train.device": "cpu", "train.epochs": 2, **SELDOM}
    started, exact, _ = finished(toy(runs_folder, {**values, "train.precision": "fp32"}, cell="lstm", dropout=0.0))
    assert started.precision == "float32"
    mixed, losses, weights = finished(toy(runs_folder, {**values, "train.precision": "bf16"}, cell="lstm", dropout=0.0))
    assert mixed.precision == "bfloat16"
    assert losses != exact
    assert losses == pytest.approx(exact, abs=0.05)
    assert {weight.dtype for weight in weights.values()} == {torch.float32}
