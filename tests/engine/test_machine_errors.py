"""Errors of the machine end a training with what was being done, which file, and what to do; files are not blamed."""

from __future__ import annotations

import errno
import os
import re
import shutil
from pathlib import Path

import pytest
import torch
from engine.toy_runs import after, only, toy, trained

from workbench.engine import checkpoint, loop
from workbench.engine.checkpoint import CheckpointError
from workbench.engine.errors import explain
from workbench.engine.state import Activity, TrainingState
from workbench.runs.events import Stopped
from workbench.runs.folder import RunError
from workbench.runs.run import Run


@pytest.fixture
def stopped(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(loop, "_STOP_CHECK_SECONDS", 0.0)
    run = toy(runs_folder)
    assert only(Stopped, trained(run, after(4)))
    return run


@pytest.mark.parametrize(
    ("activity", "said"),
    [
        ("reading the data", "while reading the data at step 7: free some memory, or give smaller data. What"),
        (
            "building the network",
            "while building the network at step 7: start again with a smaller --hidden (it is 8).",
        ),
        ("reading the checkpoint", "while reading the checkpoint at step 7: free some memory, then `workbench resume"),
        ("training", "ran out of memory at step 7: start again with a smaller --batch-size (it is 16) or --hidden"),
        ("evaluating", "while evaluating at step 7: start again with a smaller --batch-size (it is 16) or --hidden"),
        ("saving", "while saving at step 7: free some memory, then `workbench resume"),
    ],
)
def test_memory_that_ran_out_names_what_was_done(runs_folder: Path, activity: Activity, said: str) -> None:
    state = TrainingState(step=7)
    state.activity = activity
    assert said in explain(MemoryError(), toy(runs_folder), state)


@pytest.mark.parametrize(
    ("number", "name", "said"),
    [
        (errno.EIO, "last.pt", r"The disk failed at .*/last.pt \(while saving, at step 7: .*\): look at the disk"),
        (errno.EIO, "", r"The disk failed at .*/toy-rnn-\S+ \(while saving, at step 7: "),
        (errno.EROFS, "last.pt", r"/last.pt cannot be written \(while saving.*read-only now. Have it mounted"),
        (errno.EACCES, "last.pt", r"/last.pt cannot be used \(while saving, at step 7\): you may not"),
        (errno.ENOENT, "task.json", r"/task.json disappeared under the training \(while saving"),
        (errno.ESTALE, "", r"cannot be used \(while saving, at step 7: .*\): mend that, then `workbench resume"),
    ],
)
def test_a_disk_that_fails_is_named(runs_folder: Path, number: int, name: str, said: str) -> None:
    run = toy(runs_folder)
    state = TrainingState(step=7)
    state.activity = "saving"
    error = OSError(number, os.strerror(number), *([str(run.path / name)] if name else []))
    assert re.search(said, explain(error, run, state))
    assert "defect" not in explain(error, run, state)


@pytest.mark.parametrize("how", ["moved", "deleted"])
def test_a_folder_that_goes_under_a_training_ends_it_and_is_not_made_again(
    runs_folder: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_STOP_CHECK_SECONDS", 0.0)
    run = toy(runs_folder)
    asked = iter(range(10**6))

    def go() -> bool:
        if next(asked) == 5:
            shutil.move(run.path, runs_folder.parent / "moved") if how == "moved" else shutil.rmtree(run.path)
        return False

    state = TrainingState()
    with pytest.raises(OSError, match="No such file") as caught:
        for _ in loop.train(run, go, state):
            pass
    sentence = explain(caught.value, run, state)
    assert f"{run.path} was moved or deleted under the training (while saving, at step " in sentence
    assert not run.path.exists()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        OSError(errno.EIO, "Input/output error"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
    ],
)
@pytest.mark.parametrize("where", ["load", "restore"])
def test_a_machine_that_fails_does_not_make_a_checkpoint_damaged(
    stopped: Run, error: Exception, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(*((torch, "load") if where == "load" else (checkpoint, "restore")), fail)
    state = TrainingState()
    with pytest.raises(type(error)) as caught:
        [*loop.train(stopped, lambda: False, state)]
    sentence = explain(caught.value, stopped, state)
    assert "reading the checkpoint" in sentence
    assert "damaged" not in sentence
    assert "workbench resume" in sentence


@pytest.mark.parametrize("name", ["last.pt", "best.safetensors", "task.safetensors"])
def test_a_link_or_a_pipe_in_the_place_of_a_checkpoint_is_not_opened(stopped: Run, tmp_path: Path, name: str) -> None:
    path = stopped.path / name
    path.unlink(missing_ok=True)
    (tmp_path / "secret").write_bytes(b"0")
    path.symlink_to(tmp_path / "secret")
    load = {
        "last.pt": lambda: checkpoint.load_last(path, torch.device("cpu")),
        "best.safetensors": lambda: checkpoint.load_best(path, torch.nn.Linear(1, 1)),
        "task.safetensors": lambda: checkpoint.load_tensors(path),
    }[name]
    with pytest.raises(RunError, match=f"is not opened: {name} is a link"):
        load()
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(RunError, match=f"is not opened: {name} is a named pipe"):
        load()


def test_a_missing_checkpoint_is_none(runs_folder: Path) -> None:
    run = toy(runs_folder)
    assert checkpoint.load_last(run.last_file, torch.device("cpu")) is None
    with pytest.raises(CheckpointError, match="the run has no weights to answer with yet"):
        checkpoint.load_best(run.best_file, torch.nn.Linear(1, 1))
