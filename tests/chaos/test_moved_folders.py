"""A run's folder is moved, deleted or made read-only while its worker lives: the right sentence, nothing lost."""

from __future__ import annotations

import errno
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from chaos import shim
from chaos.living import holders
from chaos.programs import LIMIT, Program, Told, one_sentence, plain
from chaos.tally import Tally, amount, some, whole
from waiting import until

from workbench.runs import store
from workbench.runs.history import read_history
from workbench.runs.run import Run


def moved(folder: Path) -> None:
    folder.rename(folder.with_name("moved"))


def deleted(folder: Path) -> None:
    def gone() -> bool:
        shutil.rmtree(folder, ignore_errors=True)  # a file that the worker writes meanwhile may be left
        return not folder.exists()

    until(gone, "the folder is deleted")


def runs_moved(folder: Path) -> None:
    folder.parent.rename(folder.parent.with_name("moved-runs"))


def events_deleted(folder: Path) -> None:
    (folder / "events.jsonl").unlink()


def a_file_in_its_place(folder: Path) -> None:
    deleted(folder)
    folder.write_text("not a folder")


BLOWS: tuple[Callable[[Path], None], ...] = (moved, deleted, runs_moved, events_deleted, a_file_in_its_place)


@pytest.mark.parametrize("blow", some(list(BLOWS), 0) or [deleted], ids=lambda blow: blow.__name__)
def test_while_a_worker_lives(
    tally: Tally, program: Program, runs_folder: Path, tmp_path: Path, blow: Callable[[Path], None]
) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    words = ("train", "toy", "--headless", "--set", f"task.gate={gate}")
    with tally.attempt(f"{blow.__name__.replace('_', ' ')} under a worker", "train --headless"):
        child = program.start(*words, files={"stdout": subprocess.PIPE, "stderr": subprocess.PIPE})
        run = until(
            lambda: next((r for r in store.listing(runs_folder) if read_history(r.events_file).step >= 3), None)
        )
        blow(run.path)
        gate.unlink()
        out, err = child.communicate(LIMIT)
        told = plain(Told(" ".join(map(str, words)), child.returncode, out, err), 0, 1)
        until(lambda: not holders(tmp_path), "the worker ends")
        if blow is not events_deleted:
            one_sentence(told, 1)
            sentence = told.sentences[0]
            right = ("moved", "deleted", "gone", "no longer", "removed", "not there")
            assert any(word in sentence for word in right), f"does not say what happened\n{told}"
    with tally.attempt("the folder's runs after that", "runs"):
        plain(program.call("runs"), 0)


def test_a_deleted_folder_is_resumed(tally: Tally, program: Program, stopped: Run) -> None:
    path = stopped.path
    shutil.rmtree(path)
    for name in (path, path.name, f"{path}/")[: amount(1, 3)]:
        every = (("resume", name, "--headless"), ("show", name), ("stop", name), ("rm", name, "--yes"))
        for command in every[: amount(1, 4)]:
            with tally.attempt("a deleted folder", " ".join(map(str, command))):
                one_sentence(program.call(*command), 1, 2)
                assert not path.exists()


@whole
@pytest.mark.parametrize("key", ["max_steps", "epochs", "batch_size", "lr"])
def test_a_setting_raised_in_the_spec(tally: Tally, program: Program, stopped: Run, finished: Run, key: str) -> None:
    text = {"max_steps": '"max_steps":30', "epochs": '"epochs":3', "batch_size": '"batch_size":8', "lr": '"lr":0.5'}[
        key
    ]
    for run in (stopped, finished):
        spec = msgspec.json.decode(run.spec_file.read_bytes())
        spec.setdefault("train", {})[key] = msgspec.json.decode("{" + text + "}")[key]
        run.spec_file.write_bytes(msgspec.json.encode(spec))
        with tally.attempt("a setting changed in spec.json", f"{key}: resume {run.id}"):
            told = plain(program.call("resume", run.id, "--headless"), 0, 1)
            if told.code:
                one_sentence(told, 1)


@pytest.fixture
def read_only(runs_folder: Path, stopped: Run) -> Path:
    """The runs folder on a file system that is read-only."""
    runs = str(runs_folder)
    for words in (["--bind", runs, runs], ["-o", "remount,bind,ro", runs]):
        done = subprocess.run(["mount", *words], capture_output=True, check=False)
        if done.returncode:
            pytest.skip("no folder can be mounted read-only here: " + done.stderr.decode().strip())
    return runs_folder


@whole
@pytest.mark.skipif(not shutil.which("mount"), reason="no mount")
def test_a_read_only_file_system(tally: Tally, program: Program, stopped: Run, read_only: Path) -> None:
    try:
        commands = [["runs"], ["show", "last"], ["watch", "last", "--once"], ["predict", "last", "1"], ["eval", "last"]]
        refused = [["train", "toy", "--headless"], ["resume", "last", "--headless"], ["rm", "last", "--yes"]]
        for command, told in zip([*commands, *refused], program.each([*commands, *refused]), strict=True):
            with tally.attempt("a read-only file system", " ".join(command)):
                told = plain(told, 1 if command in refused else 0)
                if told.code:
                    one_sentence(told, 1)
                    assert "ead-only" in told.sentences[0], str(told)
    finally:
        subprocess.run(["umount", "--lazy", str(read_only)], check=False)


@whole
def test_a_file_system_that_becomes_read_only(tally: Tally, struck: Program, stopped: Run) -> None:
    """Every change fails with EROFS, from the first one that a command makes."""
    around = shim.fault("write,rename,mkdir,unlink,fsync", errno.EROFS, 1, "*/runs/*", lasting=True)
    for command in (["runs"], ["show", stopped.id], ["predict", stopped.id, "1"], ["train", "toy", "--headless"]):
        with tally.attempt("a read-only file system", f"{' '.join(command)} (EROFS)"):
            told = plain(struck.call(*command, **around), 1 if command[0] == "train" else 0)
            if told.code:
                one_sentence(told, 1)
