"""``train.precision=fastest``: measured once, where a CPU can gain by it; recorded, and kept by what comes later."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from engine.toy_runs import after, only, toy, trained

import cells
from workbench.engine import checkpoint, precision, trained_run
from workbench.runs.events import Finished, Started
from workbench.runs.run import Run

VALUES = {"train.epochs": 2, "train.checkpoint_seconds": 1000.0, "cell.hidden": 8}
FASTEST = {**VALUES, "train.precision": "fastest"}


def measured(monkeypatch: pytest.MonkeyPatch, single: float, mixed: float) -> None:
    """A CPU with bfloat16 on which the measurement takes so many seconds."""
    monkeypatch.setattr(precision, "_has_bf16", lambda: True)
    monkeypatch.setattr(precision, "measure", lambda *_: (single, mixed))


def never_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(precision, "measure", measure)


def told(started: Started) -> str:
    [note] = [note for note in started.notes if "fastest" in note]
    return note


def weights(run: Run) -> dict[str, torch.Tensor]:
    saved = checkpoint.load_last(run.last_file, torch.device("cpu"))
    assert saved is not None
    return dict(saved["model"])


@pytest.mark.parametrize("name", ["auto", "fp32", "bf16"])
def test_nothing_is_measured_unasked(runs_folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    never_measured(monkeypatch)
    monkeypatch.setattr(precision, "_has_bf16", lambda: True)
    [started] = only(Started, trained(toy(runs_folder, {**VALUES, "train.precision": name, "train.max_steps": 1})))
    assert started.precision == ("bfloat16" if name == "bf16" else "float32")


def test_a_cpu_without_bf16_stays_in_float32_unmeasured(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    never_measured(monkeypatch)
    monkeypatch.setattr(precision, "_has_bf16", lambda: False)
    [started] = only(Started, trained(toy(runs_folder, {**FASTEST, "train.max_steps": 1})))
    assert started.precision == "float32"
    assert told(started) == "train.precision=fastest: this CPU has no bfloat16, so the run computes in float32."


@pytest.mark.parametrize(("single", "chosen"), [(0.002, "bfloat16"), (0.0019, "float32")])
def test_bf16_is_taken_where_it_is_twice_as_fast(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch, single: float, chosen: str
) -> None:
    measured(monkeypatch, single, 0.001)
    [started] = only(Started, trained(toy(runs_folder, {**FASTEST, "train.max_steps": 1})))
    assert started.precision == chosen
    assert told(started) == (
        f"train.precision=fastest: 8 steps of the recurrence took {1000 * single:.2f} ms in float32 and 1.00 ms in "
        f"bfloat16, so the run computes in {chosen}."
    )


def test_a_resumed_run_keeps_what_was_measured_and_ends_as_if_unbroken(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.engine.loop._STOP_CHECK_SECONDS", 0)
    whole = toy(runs_folder, {**VALUES, "train.precision": "bf16"}, cell="gru")
    trained(whole)
    run = toy(runs_folder, FASTEST, cell="gru")
    measured(monkeypatch, 1.0, 0.1)
    assert not only(Finished, trained(run, after(12)))
    never_measured(monkeypatch)  # nor is it on another CPU:
    monkeypatch.setattr(precision, "_has_bf16", lambda: False)
    resumed = trained(run)
    [started] = only(Started, resumed)
    assert started.from_step > 0
    assert started.precision == "bfloat16"
    assert told(started) == "train.precision=fastest: the run goes on in bfloat16, as it began."
    expected = weights(whole)
    assert all(torch.equal(tensor, expected[name]) for name, tensor in weights(run).items())
    [finished] = only(Finished, resumed)
    evaluated = trained_run.evaluate(run, "test")
    assert evaluated.evaluation.metrics == finished.test
    assert evaluated.device.endswith(", bfloat16")


def test_a_measurement_leaves_random_numbers_and_gradients_alone() -> None:
    recurrent = cells.build("lstm", 3, 4, layers=2, dropout=0.5)
    state = torch.get_rng_state()
    ticks = itertools.count()
    assert precision.measure(recurrent, 2, lambda: float(next(ticks))) == (1.0, 1.0)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(weight.grad is None for weight in recurrent.parameters())
