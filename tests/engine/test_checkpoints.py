"""Checkpoints that cannot be used: one plain sentence each, no code run, nothing overwritten."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from engine.toy_runs import KEPT, contents, toy, trained

from tasks.shared import files
from workbench.engine import checkpoint, trained_run
from workbench.engine.checkpoint import CheckpointError
from workbench.engine.errors import explain
from workbench.engine.state import TrainingState
from workbench.runs.run import Run


class MakesAFolder:
    """Whoever unpickles it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.folder),)


def rewritten(run: Run, **parts: Any) -> None:
    torch.save({**torch.load(run.last_file, weights_only=True), **parts}, run.last_file)


def cut(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for k in range(len(content) // 2, len(content) // 2 + 64):
        content[k] ^= 0xFF
    path.write_bytes(content)


def flip_weights(run: Run) -> None:
    """One bit of one weight, the file's form untouched: nothing but a checksum can tell."""
    content = bytearray(run.last_file.read_bytes())
    weight = next(iter(torch.load(run.last_file, weights_only=True)["model"].values()))
    content[content.index(weight.numpy().tobytes())] ^= 1
    run.last_file.write_bytes(content)


def another_networks(run: Run) -> Run:
    other = toy(run.path.parent / "others", {"train.max_steps": 1, "cell.hidden": 5})
    trained(other)
    return other


LAST: dict[str, tuple[Callable[[Run], Any], str]] = {
    "truncated": (lambda run: cut(run.last_file, 0.6), "is damaged"),
    "hardly begun": (lambda run: cut(run.last_file, 0.001), "is damaged"),
    "empty": (lambda run: run.last_file.write_bytes(b""), "is damaged"),
    "no checkpoint at all": (lambda run: run.last_file.write_text("what is this? " * 100), "is not a checkpoint"),
    "flipped bits": (lambda run: flip(run.last_file), "is damaged"),
    "flipped weights": (lambda run: flip_weights(run), "is damaged"),
    "a bare pickle": (lambda run: run.last_file.write_bytes(pickle.dumps({"schema": 1}, 2)), "is damaged"),
    "a list": (lambda run: torch.save([1, 2], run.last_file), "is damaged"),
    "lacks parts": (lambda run: torch.save({"schema": 1}, run.last_file), "is damaged"),
    "lacks parameters": (lambda run: rewritten(run, optimizer={"state": {}, "param_groups": []}), "is damaged"),
    "schema is text": (lambda run: rewritten(run, schema="one"), "is damaged"),
    "newer": (lambda run: rewritten(run, schema=checkpoint.SCHEMA + 1), "was written by a newer Workbench"),
    "another network's": (lambda run: shutil.copy(another_networks(run).last_file, run.last_file), "another network"),
}


@pytest.mark.parametrize("how", LAST)
def test_a_last_checkpoint_that_cannot_be_used(stopped: Run, how: str) -> None:
    damage, said = LAST[how]
    damage(stopped)
    before = contents(stopped)
    with pytest.raises(CheckpointError) as caught:
        trained(stopped)
    sentence = explain(caught.value, stopped, TrainingState())
    assert said in sentence
    assert str(stopped.last_file) in sentence
    assert "\n" not in sentence
    assert contents(stopped) == before
    assert trained_run.predictor(stopped)("01")  # the best weights are as good as ever


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("torch.save", "holds code, not only weights: it was refused, and none of it was run"),
        ("pickle 2", "holds code, not only weights: it was refused, and none of it was run"),
        ("pickle 4", "is not a checkpoint, and may hold code: it was refused, and none of it was run"),
    ],
)
def test_code_in_a_checkpoint_is_never_run(stopped: Run, tmp_path: Path, form: str, said: str) -> None:
    proof = tmp_path / "the code ran"
    if form.startswith("pickle"):
        trap = {"schema": 1, "model": MakesAFolder(proof)}
        stopped.last_file.write_bytes(pickle.dumps(trap, protocol=int(form[-1])))
        pickle.loads(stopped.last_file.read_bytes())
    else:
        rewritten(stopped, model=MakesAFolder(proof))
        torch.load(stopped.last_file, weights_only=False)
    proof.rmdir()  # it was there: this file is a real trap
    before = contents(stopped)
    with pytest.raises(CheckpointError, match=said):
        trained(stopped)
    assert not proof.exists()
    assert contents(stopped) == before


BEST: dict[str, tuple[Callable[[Run], Any], str]] = {
    "missing": (lambda run: run.best_file.unlink(), "is missing: the run has no weights to answer with yet"),
    "truncated": (lambda run: cut(run.best_file, 0.5), "is damaged"),
    "empty": (lambda run: run.best_file.write_bytes(b""), "is damaged"),
    "another network's": (lambda run: shutil.copy(another_networks(run).best_file, run.best_file), "another network"),
}


@pytest.mark.parametrize("how", BEST)
def test_best_weights_that_cannot_be_used(stopped: Run, how: str) -> None:
    damage, said = BEST[how]
    damage(stopped)
    before = contents(stopped)
    with pytest.raises(CheckpointError) as caught:
        trained_run.load_trained(stopped)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert contents(stopped) == before


def test_a_failed_write_leaves_the_old_file_whole(stopped: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(stopped)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save_last(stopped.last_file, {"model": torch.zeros(1000)})
    with pytest.raises(OSError, match="No space"):
        checkpoint.save_best(stopped.best_file, torch.nn.Linear(9, 9), {})
    assert contents(stopped) == before


def test_leftovers_of_a_killed_writer_are_cleared_and_a_torn_line_is_ended(stopped: Run) -> None:
    (stopped.path / ".last.pt.4711.tmp").write_bytes(b"half a checkpoint")
    with stopped.events_file.open("ab") as file:
        file.write(b'{"event":"step","time":17')
    before = stopped.events_file.read_bytes()
    stopped.acquire_lock().close()
    events = trained(stopped)
    lines = stopped.events_file.read_bytes()
    assert lines.startswith(before + b'\n{"event":"started"')
    assert lines.endswith(b"\n")
    assert stopped.status() == "finished"
    assert events[-1].step == 24
    assert {file.name for file in stopped.path.iterdir()} == KEPT - {"worker.log"}
