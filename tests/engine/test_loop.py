"""The loop in this process: which events come, when, and which weights are kept."""

from __future__ import annotations

import itertools
import math
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
import safetensors
import torch
from engine.toy_runs import after, only, toy, trained
from waiting import Clock

import cells
import tasks
from tasks.base import Evaluation
from workbench.config import spec
from workbench.engine import loop, step_statistics, trained_run, trainer
from workbench.engine.devices import DeviceError
from workbench.runs.events import Alarm, Baseline, Checkpoint, Eval, Finished, Probe, Started, Step, Stopped
from workbench.runs.run import Run

SELDOM = {"train.checkpoint_seconds": 1000.0}


def metadata(run: Run) -> dict[str, str]:
    with safetensors.safe_open(run.best_file, framework="pt") as file:
        return file.metadata()


def test_events_come_in_the_order_that_readers_count_on(runs_folder: Path) -> None:
    events = trained(toy(runs_folder, {"train.epochs": 2, **SELDOM}))
    assert [type(e) for e in events[:3]] == [Started, Baseline, Checkpoint]
    assert [type(e) for e in events[3:] if not isinstance(e, Step | Alarm)] == [
        *(Eval, Probe),
        *(Eval, Probe),
        *(Checkpoint, Finished),
    ]
    started = events[0]
    assert (started.from_step, started.steps_per_epoch, started.total_steps) == (0, 12, 24)
    assert [e.step for e in only(Checkpoint, events)] == [0, 24]
    steps = [e.step for e in events if not isinstance(e, Started | Baseline)]
    assert steps == sorted(steps)
    times = [e.time for e in events]
    assert times == sorted(times)
    assert events[-1].reason == "all steps done"
    assert events[-1].epochs == 2


def test_baselines_that_fail_cost_nobody_a_trained_network(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = toy(runs_folder, {"train.epochs": 1, **SELDOM})

    def baseline(self: Any, data: Any, *, cached_only: bool = False) -> dict[str, Any]:
        if cached_only:
            return {}
        raise ValueError("one class only")

    monkeypatch.setattr(tasks.load("toy"), "baseline", baseline)
    events = trained(run)
    assert isinstance(events[-1], Finished)
    (alarm,) = only(Alarm, events)
    assert alarm.message == "The baselines could not be measured (one class only): the traceback is in the log."


def test_an_evaluation_measures_no_baseline_again(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = toy(runs_folder, {"train.max_steps": 1, **SELDOM})
    measured: list[str] = []

    def baseline(self: Any, data: Any, *, cached_only: bool = False) -> dict[str, Any]:
        if cached_only:  # a cache that keeps nothing
            return {}
        measured.append(run.id)
        return {"val": {"majority": {"accuracy": 0.3}}, "test": {"majority": {"accuracy": 0.4}}}

    monkeypatch.setattr(tasks.load("toy"), "baseline", baseline)
    trained(run)
    assert trained_run.evaluate(run, "test").baselines["test"] == {"majority": {"accuracy": 0.4}}
    assert measured == [run.id]


def test_every_checkpoint_stands_on_a_step_event(runs_folder: Path) -> None:
    events = trained(toy(runs_folder, {"train.epochs": 1}))  # the toy saves after each step
    assert [e.step for e in only(Checkpoint, events)] == list(range(13))
    assert {e.step for e in only(Checkpoint, events)} <= {0} | {e.step for e in only(Step, events)}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that only the toy's pause moves."""
    made = Clock()
    for module in (loop, step_statistics, trainer, sys.modules[tasks.load("toy").__module__]):
        monkeypatch.setattr(module, "time", made)
    return made


def test_step_events_are_finite_and_at_most_four_a_second(runs_folder: Path, clock: Clock) -> None:
    values = {"train.epochs": 0, "train.max_steps": 60, "train.eval_every": 60, **SELDOM}
    steps = only(Step, trained(toy(runs_folder, values, pause=0.02)))
    assert [step.step for step in steps] == [13, 26, 39, 52, 60]  # every 0.26 s, and when all is done
    assert [b.time - a.time for a, b in itertools.pairwise(steps)] == pytest.approx([0.26] * 3 + [0.16], abs=1e-6)
    for step in steps:
        assert all(math.isfinite(x) for x in (step.loss, step.grad_norm, step.lr, step.examples_per_s, step.eta_s))
        assert step.memory_mb > 10
        assert step.examples_per_s == pytest.approx(16 / 0.02, rel=0.05)  # 16 a batch or fewer, 0.02 s a step
        assert step.epoch == pytest.approx(step.step / 12)
    assert [step.eta_s for step in steps] == pytest.approx([0.94, 0.68, 0.42, 0.16, 0], abs=1e-6)


@pytest.mark.parametrize(
    ("values", "evaluated"),
    [
        ({"train.epochs": 2}, [12, 24]),
        ({"train.epochs": 2, "train.max_steps": 7}, [7]),
        ({"train.epochs": 1, "train.max_steps": 700}, [12]),
        ({"train.epochs": 0, "train.max_steps": 14}, [12, 14]),
        ({"train.epochs": 2, "train.min_steps": 20}, [12, 24]),
        ({"train.epochs": 2, "train.min_steps": 50}, [36, 50]),  # every third epoch: as many evaluations
        ({"train.epochs": 2, "train.min_steps": 50, "train.max_steps": 13}, [13]),
        ({"train.epochs": 0, "train.min_steps": 50, "train.max_steps": 13}, [12, 13]),
        ({"train.epochs": 1, "train.min_steps": 30, "train.eval_every": 20}, [20, 30]),
        ({"train.epochs": 2, "train.max_steps": 15, "train.eval_every": 5}, [5, 10, 15]),
        ({"train.epochs": 2, "train.max_steps": 14, "train.eval_every": 6}, [6, 12, 14]),
        ({"train.max_steps": 3, "train.eval_every": 1000}, [3]),
    ],
)
def test_evaluations_come_when_asked_and_at_the_end(
    runs_folder: Path, values: dict[str, int], evaluated: list[int]
) -> None:
    events = trained(toy(runs_folder, {**values, **SELDOM}))
    assert [e.step for e in only(Eval, events)] == evaluated
    assert isinstance(events[-1], Finished)
    assert events[-1].step == evaluated[-1] == events[0].total_steps


def test_a_training_that_is_longer_than_its_epochs_says_so(runs_folder: Path) -> None:
    few = {"train.epochs": 2, "train.min_steps": 30, **SELDOM}
    [said] = [note for note in trained(toy(runs_folder, few))[0].notes if "min_steps" in note]
    assert " are passed through 3 times instead of 2, so that there are 30 steps (train.min_steps)" in said
    for values in ({"train.min_steps": 24}, {"train.min_steps": 30, "train.max_steps": 3}):
        notes = trained(toy(runs_folder, {"train.epochs": 2, **values, **SELDOM}))[0].notes
        assert not any("min_steps" in note for note in notes)


def test_patience_ends_a_run_that_no_longer_improves(runs_folder: Path) -> None:
    values = {"train.epochs": 50, "train.patience": 2, "train.lr": 1e-12, **SELDOM}
    events = trained(toy(runs_folder, values))
    assert [e.step for e in only(Eval, events)] == [12, 24, 36]
    assert events[-1].reason == "no better evaluation in 2"
    assert events[-1].best.step == 12


def test_a_target_that_an_evaluation_reaches_ends_the_run(runs_folder: Path) -> None:
    values = {"train.max_steps": 40, "train.eval_every": 4, "train.lr": 0.02, **SELDOM}
    whole = only(Eval, trained(toy(runs_folder, values)))
    target = whole[4].metrics["accuracy"]
    first = next(e for e in whole if e.metrics["accuracy"] >= target)
    assert first.step < 40
    run = toy(runs_folder, {**values, "train.target": target})
    events = trained(run)
    assert [e.metrics for e in only(Eval, events)] == [e.metrics for e in whole if e.step <= first.step]
    assert (events[-1].step, events[-1].reached) == (first.step, True)
    assert events[-1].reason == f"the target {target:g} is reached"
    assert not only(Eval, trained(run)), "a finished run goes on"


def test_a_target_of_a_loss_is_reached_from_above(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.settings("toy"), "metric", "loss")
    monkeypatch.setattr(tasks.settings("toy"), "higher_is_better", False)
    values = {"train.max_steps": 8, "train.eval_every": 4, **SELDOM}
    for target, reached, last in ((1e6, True, 4), (1e-9, False, 8)):
        events = trained(toy(runs_folder, {**values, "train.target": target}))
        assert (events[-1].reached, events[-1].step) == (reached, last)


def test_seconds_of_training_end_a_run_with_an_evaluation(runs_folder: Path, clock: Clock) -> None:
    values = {"train.max_steps": 1000, "train.max_seconds": 2.0, "task.pause": 0.25, **SELDOM}
    events = trained(toy(runs_folder, values))
    assert events[-1].reason == "2 seconds are over"
    assert (events[-1].step, events[-1].wall_s, events[-1].reached) == (8, 2.0, False)
    assert only(Eval, events)[-1].step == 8


def test_the_kept_weights_are_those_of_the_best_evaluation(runs_folder: Path) -> None:
    run = toy(runs_folder, {"train.epochs": 3, "train.lr": 0.1, "train.eval_every": 3, **SELDOM})
    events = trained(run)
    accuracy = [e.metrics["accuracy"] for e in only(Eval, events)]
    best = max(accuracy)
    assert accuracy[-1] < best  # the last ones are worse, else this shows nothing
    chosen = min((e for e in only(Eval, events) if e.metrics["accuracy"] == best), key=lambda e: e.metrics["loss"])
    found = events[-1].best
    assert (found.step, found.metric, found.value) == (chosen.step, "accuracy", best)
    assert metadata(run)["step"] == str(found.step)
    assert trained_run.evaluate(run, "val")[1].metrics["accuracy"] == best
    assert trained_run.evaluate(run, "test")[1].metrics == events[-1].test


def test_equal_evaluations_are_told_apart_by_their_loss(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    losses = iter([0.9, 0.579, 0.134, 0.2, None, 0.134])
    evaluate = tasks.load("toy").evaluate

    def tied(self: Any, model: Any, data: Any, split: str, batch_size: int) -> Evaluation:
        if split != "val":
            return evaluate(self, model, data, split, batch_size)
        return Evaluation(metrics={"loss": (loss := next(losses)), "accuracy": 0.5 if loss == 0.9 else 0.75})

    monkeypatch.setattr(tasks.load("toy"), "evaluate", tied)
    run = toy(runs_folder, {"train.epochs": 1, "train.eval_every": 2, **SELDOM})
    events = trained(run)
    assert [e.best.step for e in only(Eval, events)] == [2, 4, 6, 6, 6, 6]
    assert metadata(run)["step"] == "6"
    assert torch.load(run.last_file, weights_only=True)["position"]["worse"] == 3


def test_baselines_that_are_measured_at_the_end_are_compared_with_too(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods = {split: {"oracle": {"accuracy": 1.0}, "none": {"accuracy": 0.0}} for split in ("val", "test")}

    def baseline(self: Any, data: Any, *, cached_only: bool = False) -> dict[str, Any]:
        return {} if cached_only else methods

    monkeypatch.setattr(tasks.load("toy"), "baseline", baseline)
    events = trained(toy(runs_folder, {"train.max_steps": 3, **SELDOM}))
    assert [type(e) for e in events[-3:]] == [Baseline, Alarm, Finished]
    assert "is worse than 1 of 2 baselines: the strongest, oracle, has 1.0000." in events[-2].message


@pytest.mark.parametrize("cell", cells.available())
def test_every_cell_trains_and_answers(runs_folder: Path, cell: str) -> None:
    run = toy(runs_folder, {"train.max_steps": 3, "cell.layers": 2, **SELDOM}, cell=cell)
    events = trained(run)
    assert isinstance(events[-1], Finished)
    assert all(math.isfinite(e.loss) for e in only(Step, events))
    shares = trained_run.predictor(run)("0121")[0].rows
    assert [label for label, _ in shares] == ["zero", "one", "two [red]"]
    assert sum(share for _, share in shares) == pytest.approx(1)


def last_weights(run: Run) -> dict[str, torch.Tensor]:
    return torch.load(run.last_file, weights_only=True)["model"]


def test_the_same_seed_gives_the_same_training(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    losses: list[float] = []  # of each step: a report's is a mean since the one before, which came by the clock
    add = step_statistics.StepStatistics.add

    def noted(self: Any, loss: torch.Tensor, *others: Any) -> None:
        losses.append(loss.item())
        add(self, loss, *others)

    monkeypatch.setattr(step_statistics.StepStatistics, "add", noted)

    def figures(seed: int) -> tuple[list[Any], dict[str, torch.Tensor]]:
        losses.clear()
        run = toy(runs_folder, {"train.seed": seed, "train.eval_every": 4, **SELDOM}, cell="gru", dropout=0.5)
        events = trained(run)
        assert len(losses) == events[-1].step == 24
        return [[*losses], [e.metrics for e in only(Eval, events)]], last_weights(run)

    (once, weights), (again, same), (otherwise, _) = figures(3), figures(3), figures(4)
    assert once == again
    assert all(torch.equal(weights[name], same[name]) for name in weights)
    assert once != otherwise


@pytest.mark.parametrize("average", [0, 0.9])
def test_a_stopped_run_has_weights_and_goes_on_as_if_never_stopped(
    runs_folder: Path, clock: Clock, average: float
) -> None:
    values = {"train.epochs": 3, "train.eval_every": 100, "train.average": average, **SELDOM}
    whole = toy(runs_folder, values, cell="lstm", pause=0.02)
    uninterrupted = trained(whole)
    run = toy(runs_folder, values, cell="lstm", pause=0.02)
    events = trained(run, after(1))
    stopped = events[-1]
    assert isinstance(stopped, Stopped)
    assert stopped.step == 13
    assert run.status() == "stopped"
    assert metadata(run)["step"] == str(stopped.step)  # never evaluated, and yet it can be asked
    assert trained_run.predictor(run)("01")
    assert torch.load(run.last_file, weights_only=True)["position"]["step"] == stopped.step
    again = trained(run)
    assert again[0].from_step == stopped.step
    assert again[-1].test == uninterrupted[-1].test
    assert again[-1].wall_s > stopped.wall_s
    assert run.status() == "finished"
    for name, weight in last_weights(whole).items():
        assert torch.equal(weight, last_weights(run)[name]), name
    means = [torch.load(one.last_file, weights_only=True)["average"] for one in (whole, run)]
    assert all(torch.equal(*pair) for pair in zip(*means, strict=True))
    assert bool(means[0]) == bool(average)


def test_a_run_that_reports_at_every_step_is_asked_to_stop_all_the_same(runs_folder: Path, clock: Clock) -> None:
    run = toy(runs_folder, {"train.epochs": 50, "train.eval_every": 1, "train.probe": 0}, pause=0.02)
    events = trained(run, after(2))
    assert isinstance(events[-1], Stopped)
    assert events[-1].step == 26  # asked after 0.26 s, and again after as long
    assert len(only(Step, events)) == 26


def test_a_run_pinned_to_a_gpu_goes_on_elsewhere(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    run = toy(runs_folder, {"train.device": "cuda:7", "train.precision": "fp16", "train.max_steps": 3})
    with pytest.raises(DeviceError, match=r"Device cuda:7 cannot be used"):
        trained(run)
    events = trained(run, device="cpu")
    assert isinstance(events[-1], Finished)
    assert events[0].device.startswith("CPU")
    assert events[0].precision == "float32"
    assert trained_run.evaluate(run, "test").evaluation.metrics == events[-1].test
    assert events[0].settings["train.device"] == "cpu"
    assert "fp16 needs a GPU: the run goes on in float32." in events[0].notes
    with pytest.raises(DeviceError, match=r"Device cuda:7 cannot be used"):
        trained_run.evaluate(run, "test", "cuda:7")
    # once that GPU is back, the run is still measured where it was tested
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 8)
    evaluated = trained_run.evaluate(run, "test")
    assert evaluated.evaluation.metrics == events[-1].test
    assert evaluated.device.startswith("CPU, ")
    assert evaluated.device.endswith(", float32")


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_an_evaluation_gives_the_figures_of_the_runs_own_test(runs_folder: Path, precision: str) -> None:
    values = {"train.precision": precision, "train.batch_size": 300, "task.rows": 1500, "cell.hidden": 32}
    run = toy(runs_folder, {**values, **SELDOM}, cell="gru")
    events = trained(run)
    assert trained_run.evaluate(run, "test").evaluation.metrics == events[-1].test
    assert events[0].precision == {"fp32": "float32", "bf16": "bfloat16"}[precision]


def test_what_has_no_effect_is_noted_and_every_setting_recorded(runs_folder: Path) -> None:
    run = toy(runs_folder, {"train.max_steps": 1, "cell.dropout": 0.5, **SELDOM})
    started = trained(run)[0]
    assert "cell.dropout=0.5 does nothing: it acts between layers, and there is one (cell.layers)." in started.notes
    assert started.settings == msgspec.to_builtins(spec.values(run.spec))


def test_the_network_is_printed_into_the_run_with_its_parameters(runs_folder: Path) -> None:
    run = toy(runs_folder, {"train.max_steps": 1, "cell.hidden": 4, **SELDOM}, cell="lstm")
    started = trained(run)[0]
    text = run.network()
    assert text.startswith("SequenceClassifier(\n")
    assert f"\n{started.parameters} parameters:\n" in text
    assert "  head.weight                  3 × 4\n" in text
