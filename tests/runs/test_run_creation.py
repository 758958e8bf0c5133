"""A new run has an id of its own and a folder that is whole, however many begin at once."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from workbench.config.options import TrainOptions
from workbench.config.spec import RunSpec
from workbench.runs import store
from workbench.runs.folder import RunError
from workbench.runs.locations import root
from workbench.runs.run import Run

SECOND = "20260102-030405"


@pytest.fixture
def one_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time stands still, as far as an id shows."""
    real = time.strftime
    monkeypatch.setattr(time, "strftime", lambda form, *at: SECOND if "%H" in form and not at else real(form, *at))


def test_an_id_says_task_cell_and_when(runs_folder: Path, described: RunSpec, one_second: None) -> None:
    run = store.create(runs_folder, described)
    assert run.id == f"toy-lstm-{SECOND}"
    assert run.path == runs_folder / run.id
    assert [p.name for p in run.path.iterdir()] == ["spec.json"]
    assert Run(run.path).spec == described


@pytest.mark.usefixtures("one_second")
def test_two_in_one_second_get_two_ids(runs_folder: Path, described: RunSpec) -> None:
    first, second, third = (store.create(runs_folder, described) for _ in range(3))
    assert [first.id, second.id, third.id] == [f"toy-lstm-{SECOND}{end}" for end in ("", "-2", "-3")]


@pytest.mark.usefixtures("one_second")
def test_fifty_at_once_get_fifty_ids(runs_folder: Path, described: RunSpec) -> None:
    seeded = [msgspec.structs.replace(described, train=TrainOptions(seed=k)) for k in range(50)]
    with ThreadPoolExecutor(10) as pool:
        made = list(pool.map(lambda one: store.create(runs_folder, one), seeded))
    assert len({run.id for run in made}) == 50
    assert [Run(run.path).spec.train.seed for run in made] == list(range(50))  # nobody took another's folder
    assert sorted(p.name for p in runs_folder.iterdir()) == sorted(run.id for run in made)  # nothing left beside


PROCESS = f"""
import json, sys, time
from pathlib import Path
time.strftime = lambda form, *at: {SECOND!r}
from workbench.config import spec
from workbench.runs import store
described = spec.make("toy", "lstm", {{"seed": int(sys.argv[2])}})
print("ready", flush=True)
sys.stdin.readline()
print(json.dumps([store.create(Path(sys.argv[1]), described).id for _ in range(12)]))
"""


def test_two_processes_at_once_get_ids_of_their_own(runs_folder: Path) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(runs_folder), str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ,
        )
        for seed in (1, 2)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    of_seed = {seed: json.loads(process.communicate(timeout=60)[0]) for seed, process in enumerate(started, 1)}
    assert len({*of_seed[1], *of_seed[2]}) == 24
    for seed, ids in of_seed.items():
        assert {Run(runs_folder / name).spec.train.seed for name in ids} == {seed}


def test_a_run_never_takes_a_folder_that_holds_something(
    runs_folder: Path, described: RunSpec, one_second: None
) -> None:
    taken = runs_folder / f"toy-lstm-{SECOND}"
    taken.mkdir(parents=True)
    (taken / "notes.txt").write_text("mine")
    assert store.create(runs_folder, described).id == f"toy-lstm-{SECOND}-2"
    assert [p.name for p in taken.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("kind", ["a file", "below a file", "no folder can be made there"])
def test_where_runs_cannot_be_kept_is_said_in_a_sentence(tmp_path: Path, described: RunSpec, kind: str) -> None:
    (tmp_path / "file").write_text("")
    place = {"a file": tmp_path / "file", "below a file": tmp_path / "file" / "runs"}.get(kind, Path("/proc/none"))
    with pytest.raises(RunError, match=r"^Runs cannot be kept in .*: [^\n]*\. Name another folder with --runs\.$"):
        store.create(place, described)


@pytest.mark.usefixtures("one_second")
def test_a_full_disk_leaves_no_half_run(runs_folder: Path, described: RunSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match="No space left on device"):
        store.create(runs_folder, described)
    assert list(runs_folder.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "variable", "expected"), [("a", "b", "a"), (None, "b", "b"), (None, "", "checkpoints")]
)
def test_where_runs_land(
    option: str | None, variable: str, expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WORKBENCH_RUNS", variable)
    assert root(Path(option) if option else None) == tmp_path / expected


def test_a_file_system_that_fails_is_told_and_not_taken_for_a_name_in_use(
    runs_folder: Path, described: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(RunError, match=r"^Runs cannot be kept in .*: Input/output error\. Name another folder"):
        store.create(runs_folder, described)
    assert not list(runs_folder.iterdir())
