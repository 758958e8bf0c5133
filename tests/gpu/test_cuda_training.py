"""Trainings on a GPU: they go on from a checkpoint, and say in a sentence that memory ran out."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from engine.toy_runs import after, only, toy, trained
from safetensors.torch import load_file

from workbench.engine import loop
from workbench.engine.errors import explain
from workbench.engine.state import TrainingState
from workbench.runs.events import Finished, Started, Stopped


def test_a_resumed_training_ends_where_an_uninterrupted_one_does(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Near it: bit for bit is promised on the CPU alone, since some of cuDNN's and cuBLAS's sums change their order."""
    monkeypatch.setattr(loop, "_STOP_CHECK_SECONDS", 0.0)
    settings = {"train.device": "cuda", "train.precision": "fp32"}
    whole, parted = toy(runs_folder / "a", settings, cell="lstm"), toy(runs_folder / "b", settings, cell="lstm")
    events = trained(whole)
    assert torch.cuda.get_device_name() in only(Started, events)[0].device
    assert only(Finished, events)
    assert only(Stopped, trained(parted, after(4)))
    assert only(Finished, trained(parted))
    ours, theirs = load_file(parted.best_file), load_file(whole.best_file)
    for name, value in theirs.items():
        torch.testing.assert_close(ours[name], value, rtol=1e-3, atol=1e-4)


def test_memory_that_ran_out_is_the_gpus(runs_folder: Path) -> None:
    run, state = toy(runs_folder, {"train.device": "cuda"}), TrainingState(step=7)
    state.activity = "training"
    with pytest.raises(torch.OutOfMemoryError) as raised:
        torch.empty(1 << 50, dtype=torch.uint8, device="cuda")
    assert explain(raised.value, run, state).startswith(
        "The GPU ran out of memory at step 7: start again with a smaller"
    )
