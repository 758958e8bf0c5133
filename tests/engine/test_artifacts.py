"""Tensors that a run keeps of its data, beside its task.json."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from engine.toy_runs import toy, trained

from tasks.poems.task import Task
from tasks.shared.datasets import locations
from workbench.config import spec
from workbench.engine import checkpoint, trained_run
from workbench.runs import store


def test_what_is_kept_is_read_back_and_nothing_makes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "task.safetensors"
    checkpoint.save_tensors(path, {})
    assert not path.exists()
    assert checkpoint.load_tensors(path) == {}
    checkpoint.save_tensors(path, {"lines": torch.arange(3, dtype=torch.int32)})
    assert checkpoint.load_tensors(path)["lines"].tolist() == [0, 1, 2]
    path.write_bytes(b"nothing")
    with pytest.raises(checkpoint.CheckpointError, match=r"^.*damaged.*\.$"):
        checkpoint.load_tensors(path)


def test_a_trained_poem_network_knows_the_lines_that_it_learned(tmp_path: Path) -> None:
    asked = {"cell.hidden": 4, "task.embedding": 4, "train.max_steps": 1}
    run = store.create(tmp_path, spec.make("poems", "rnn", asked, data="starter"))
    trained(run)
    task, _ = trained_run.load_trained(run, threads=1)
    assert isinstance(task, Task)
    examples = Task.load(run.spec.settings, locations.starter("poems"))
    (codes,) = examples.poems.lists(examples.rows["train"][:1])
    first = "".join(map(task.token, codes)).split("，")[0]
    with pytest.raises(ValueError, match=f"line {first} is one of the training corpus"):
        task.guide(f"{first}，", {"novel": True})


def test_a_task_that_keeps_nothing_leaves_no_file(tmp_path: Path) -> None:
    run = toy(tmp_path)
    trained(run)
    assert not run.tensors_file.exists()
