"""A training that carries its state on, stopped and resumed within an epoch: bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from char_texts import SAYING, written
from engine.comparing import best, differences, saved
from engine.toy_runs import after, trained

from workbench.config import spec
from workbench.engine import loop
from workbench.engine.checkpoint import CheckpointError
from workbench.engine.state import TrainingState
from workbench.engine.trainer import Trainer
from workbench.runs import branches, store
from workbench.runs.run import Run

VALUES: dict[str, Any] = {
    "cell.hidden": 6,
    "task.embedding": 5,
    "task.length": 10,
    "task.sample_length": 5,
    "train.batch_size": 4,
    "train.epochs": 2,
    "train.threads": 1,
    "train.checkpoint_seconds": 1000.0,
}


@pytest.fixture
def new_run(tmp_path: Path, runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(loop, "_STOP_CHECK_SECONDS", 0.0)  # asked after every step
    path = written(tmp_path, SAYING * 20)

    def make(cell: str = "lstm", **values: Any) -> Run:
        given = {**VALUES, "task.file": str(path), **{name.replace("__", "."): v for name, v in values.items()}}
        return store.create(runs_folder, spec.make("chars", cell, given))

    return make


@pytest.mark.parametrize("values", [{}, {"cell__layers": 2, "cell__dropout": 0.2}, {"task__carry": False}])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_resumed_run_carries_on_the_state_it_had(new_run: Any, cell: str, values: dict[str, Any]) -> None:
    whole, cut = new_run(cell, **values), new_run(cell, **values)
    trained(whole)
    for steps in (3, 5, 30):
        stopped = trained(cut, after(steps))[-1]
        assert cut.status() == "stopped"
    state = torch.load(cut.last_file, weights_only=True)
    assert state["position"]["batch"] > 0
    assert ("task" in state) == ("task__carry" not in values)
    assert stopped.step < 60
    trained(cut)
    assert differences(saved(cut), saved(whole)) == []
    assert differences(best(cut), best(whole)) == []


def test_without_the_kept_state_the_run_would_end_otherwise(new_run: Any) -> None:
    """The state matters: an older checkpoint, which has none, opens, and goes on from an empty one."""
    whole, cut = new_run(), new_run()
    trained(whole)
    trained(cut, after(5))
    state = torch.load(cut.last_file, weights_only=True)
    del state["task"]
    torch.save(state, cut.last_file)
    trained(cut)
    assert cut.status() == "finished"
    assert differences(saved(cut)["model"], saved(whole)["model"]) != []


def test_a_damaged_state_is_told(new_run: Any) -> None:
    run = new_run()
    trained(run, after(5))
    state = torch.load(run.last_file, weights_only=True)
    state["task"]["state.h"] = torch.zeros(1)
    torch.save(state, run.last_file)
    with pytest.raises(CheckpointError, match="damaged and the run cannot go on"):
        Trainer(run, TrainingState())


def test_a_branch_goes_on_with_the_state_of_its_parent(new_run: Any) -> None:
    parent = new_run(train__eval_every=7, train__keep=20)
    trained(parent)
    step = parent.kept_steps[-2]
    child = branches.begin(parent, str(step), {}, parent.path.parent)
    trained(child)
    assert differences(saved(child)["model"], saved(parent)["model"]) == []
