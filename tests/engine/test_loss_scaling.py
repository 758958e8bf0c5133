"""Training in float16, by a scaler that stands in for the GPU's: a loss past its range is skipped and told."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from engine.toy_runs import after, only, toy

import tasks
from workbench.engine import devices, loop
from workbench.engine.state import TrainingState
from workbench.engine.step_statistics import StepStatistics
from workbench.engine.trainer import NotFinite, Trainer
from workbench.runs.events import Alarm, Event, Finished, Step, Stopped

CPU = torch.device("cpu")


@pytest.fixture
def scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Float16 on the CPU, whose autocast is left out: the scaler alone is asked for."""
    monkeypatch.setattr(devices, "choose_precision", lambda *_: torch.float16)
    monkeypatch.setattr(devices, "autocast", lambda *_: torch.autocast("cpu", enabled=False))


def overflowing(steps: set[int], monkeypatch: pytest.MonkeyPatch) -> None:
    kind: Any = tasks.load("toy")
    whole, made = kind.loss, iter(range(1, 10**6))

    def loss(self: Any, model: Any, data: Any, rows: Any) -> torch.Tensor:
        value: torch.Tensor = whole(self, model, data, rows)
        return value * math.inf if next(made) in steps else value

    monkeypatch.setattr(kind, "loss", loss)


def events(folder: Path) -> list[Event]:
    return [*loop.train(toy(folder, {"train.eval_every": 4}), lambda: False, TrainingState())]


@pytest.mark.usefixtures("scaled")
def test_a_loss_past_the_range_is_skipped_and_told(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    overflowing({3, 7}, monkeypatch)
    seen = events(runs_folder)
    assert only(Finished, seen)
    assert all(math.isfinite(step.loss) for step in only(Step, seen))
    told = [alarm.message for alarm in only(Alarm, seen) if "float16" in alarm.message]
    assert told[0].startswith("1 step so far had a loss past float16's range: skipped")
    assert told[-1].startswith("2 steps so far")
    assert "train.precision=bf16 or fp32" in told[0]


@pytest.mark.usefixtures("scaled")
def test_many_in_a_row_end_the_run(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.engine.trainer._MOST_SKIPPED", 5)
    overflowing({*range(4, 20)}, monkeypatch)
    with pytest.raises(NotFinite, match="The loss stopped being a number by step"):
        events(runs_folder)


def test_without_a_scaler_one_is_enough(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    overflowing({3}, monkeypatch)
    with pytest.raises(NotFinite, match="The loss stopped being a number by step"):
        events(runs_folder)


@pytest.mark.parametrize("first", [torch.float32, torch.float16])
def test_a_checkpoint_of_one_precision_is_resumed_in_the_other(
    runs_folder: Path, first: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_STOP_CHECK_SECONDS", 0.0)
    monkeypatch.setattr(devices, "autocast", lambda *_: torch.autocast("cpu", enabled=False))
    precisions = [first, torch.float16 if first is torch.float32 else torch.float32]
    run = toy(runs_folder)
    monkeypatch.setattr(devices, "choose_precision", lambda *_: precisions[0])
    assert only(Stopped, [*loop.train(run, after(4), TrainingState())])
    monkeypatch.setattr(devices, "choose_precision", lambda *_: precisions[1])
    trainer = Trainer(run, TrainingState())
    assert trainer.resumed
    assert trainer.optimization.skips_overflows is (precisions[1] is torch.float16)
    assert only(Finished, [*loop.train(run, lambda: False, TrainingState())])


def test_statistics_leave_out_and_count_what_is_skipped() -> None:
    statistics = StepStatistics(CPU, skipping=True)
    for loss in (1.0, math.nan, 3.0, math.inf, math.nan):
        statistics.add(torch.tensor(loss), torch.tensor(1.0), 2)
    loss, _, _, skipped, in_a_row = statistics.summarize()
    assert (loss, skipped, in_a_row) == (2.0, 3, 2)
    statistics.add(torch.tensor(math.nan), torch.tensor(1.0), 2)
    loss, _, _, skipped, in_a_row = statistics.summarize()
    assert math.isnan(loss)
    assert (skipped, in_a_row) == (1, 3)
