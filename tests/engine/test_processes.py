"""One run in two processes: deaths, a stop, resuming bit for bit and with another number, and who writes the folder."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from engine.comparing import live_on, same_in_the_end
from engine.toy_runs import KEPT, contents, copied, toy
from waiting import HANG, until

from tasks.base import Task
from workbench.config.spec import SpecError
from workbench.distributed.followers import Followers
from workbench.distributed.place import Place, given
from workbench.engine import devices
from workbench.engine.devices import DeviceError
from workbench.engine.distributed.parallel import check_carried
from workbench.engine.distributed.world import World
from workbench.engine.loop import train
from workbench.engine.state import TrainingState
from workbench.runs import launch
from workbench.runs.events import Failed, Finished, Started
from workbench.runs.history import LatestEvents, read_end, read_history
from workbench.runs.run import Run

TWO = {"train.processes": 2, "train.epochs": 2, "train.batch_size": 40}


def gated(folder: Path, gate: Path, **values: Any) -> Run:
    """A run of two processes that wait after their third step, as long as the gate is there."""
    gate.touch()
    return toy(folder, {**TWO, **values}, gate=str(gate), dropout=0.3)


def at_gate(run: Run) -> tuple[Any, psutil.Process]:
    """A worker that has written a checkpoint and waits, and its follower."""
    worker = launch.start(run)
    until(lambda: run.last_file.exists() and len(read_history(run.events_file).steps) >= 2)
    (follower,) = [one for one in psutil.Process(worker.pid).children() if "workbench.follower" in one.cmdline()]
    return worker, follower


def gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def started(run: Run) -> Started:
    latest = LatestEvents(run.events_file).read().started
    assert latest is not None
    return latest


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    """A run of two processes from its beginning to its end, and its gate."""
    folder = tmp_path_factory.mktemp("whole")
    gate = folder / "gate"
    run = gated(folder, gate)
    gate.unlink()
    live_on(run)
    return run, gate


def test_a_whole_run_of_two(uninterrupted: tuple[Run, Path]) -> None:
    run, _ = uninterrupted
    assert {file.name for file in run.path.iterdir()} == KEPT
    assert (started(run).device, started(run).settings["train.processes"]) == ("2 × CPU, 1 thread", 2)
    assert len(torch.load(run.last_file, weights_only=True)["processes"]) == 1
    steps = read_history(run.events_file).steps
    assert steps[-1].step == 10  # of 192 examples, 40 a step


def test_the_first_process_alone_writes(tmp_path: Path) -> None:
    run = toy(tmp_path, {**TWO, "train.epochs": 1, "train.keep": 2})
    seen = copied(run, tmp_path)  # where the follower would write
    before = contents(seen)
    followers = Followers(seen, "", 2, pytest.fail)
    try:
        ended = list(train(run, lambda: False, TrainingState(), "", World(followers.place)))[-1]
    finally:
        followers.close()
    assert isinstance(ended, Finished)
    assert run.last_file.exists()
    assert run.kept_steps
    assert contents(seen) == before


def test_a_follower_that_dies_ends_the_run_which_goes_on_bit_for_bit(uninterrupted: tuple[Run, Path]) -> None:
    whole, gate = uninterrupted
    gate.touch()
    run = toy(gate.parent, {**TWO}, gate=str(gate), dropout=0.3)
    worker, follower = at_gate(run)
    follower.kill()
    gate.unlink()
    assert worker.wait(timeout=HANG) == 1
    failed = read_end(run.events_file).ended
    assert isinstance(failed, Failed)
    assert re.match(r"Process 2 of 2 died \(killed by signal 9, .*\), .*`workbench resume .*` goes on", failed.message)
    live_on(run)
    same_in_the_end(run, whole)


def test_a_killed_worker_leaves_no_follower_and_the_run_goes_on_in_another_number(tmp_path: Path) -> None:
    run = gated(tmp_path / "runs", tmp_path / "gate")
    worker, follower = at_gate(run)
    worker.kill()
    worker.wait(timeout=HANG)
    until(lambda: gone(follower))
    assert run.status() == "lost"
    (tmp_path / "gate").unlink()
    before = copied(run, tmp_path)
    assert launch.start(run, processes=1).wait(timeout=HANG) == 0
    assert run.status() == "finished"
    note = next(note for note in started(run).notes if "shared by" in note)
    assert note.startswith("Each batch was shared by 2 processes before, and is by 1 process now: the run goes on")
    assert "processes" not in torch.load(run.last_file, weights_only=True)
    assert (before.spec.train.processes, started(run).settings["train.processes"]) == (2, 1)


def test_a_stop_saves_both_processes(uninterrupted: tuple[Run, Path]) -> None:
    whole, gate = uninterrupted
    gate.touch()
    run = toy(gate.parent, {**TWO}, gate=str(gate), dropout=0.3, pause=0.1)
    worker, follower = at_gate(run)
    os.killpg(worker.pid, signal.SIGTERM)  # as a shell ends a group: the worker alone answers
    until(run.stop_requested)
    gate.unlink()
    assert worker.wait(timeout=HANG) == 0
    assert run.status() == "stopped"
    assert gone(follower)
    live_on(run)
    same_in_the_end(run, whole)


def test_a_follower_that_fails_says_why(tmp_path: Path) -> None:
    run = toy(tmp_path, {**TWO}, trouble="oom", trouble_step=2)
    assert launch.start(run).wait(timeout=HANG) == 1
    failed = read_end(run.events_file).ended
    assert isinstance(failed, Failed)
    assert "The GPU ran out of memory at step" in failed.message


def test_a_worker_that_waits_for_what_never_comes_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.distributed.followers._GRACE", 0.0)
    told: list[str] = []
    followers = Followers(Run(tmp_path / "no-run"), "", 2, told.append)
    (child,) = [one for one in psutil.Process().children() if "workbench.follower" in one.cmdline()]
    child.kill()
    until(lambda: told)
    followers.close()
    assert told[0].startswith("Process 2 of 2 died (killed by signal 9")


def test_torchrun_starts_the_processes(tmp_path: Path) -> None:
    run = toy(tmp_path, {"train.epochs": 1})
    words = ["--standalone", "--nproc-per-node=2", "-m", "workbench.worker", str(run.path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "torch.distributed.run", *words],
        env=environment,
        capture_output=True,
        timeout=HANG,
        check=False,
    )
    assert not done.returncode, done.stderr.decode()[-3000:]
    assert run.status() == "finished"
    assert "torchrun started 2 processes, which share each batch (train.processes=2)." in started(run).notes


def test_torchrun_says_where_a_process_stands() -> None:
    found = {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", "MASTER_PORT": "29500"}
    place = given(found)
    assert place == Place(3, 4, 1, 2)
    assert place.by_torchrun
    assert given({"WORLD_SIZE": "4"}) is None


def test_each_process_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert [devices.choose_device("auto", rank, 4).index for rank in range(4)] == [0, 1, 2, 3]
    assert devices.choose_device("cuda:2", 1, 2) == torch.device("cuda:3")
    assert devices.choose_device("auto").index is None
    with pytest.raises(DeviceError, match=r"8 processes need 8 GPUs, and there are 4 GPUs here: lower train.processes"):
        devices.choose_device("auto", 0, 8)
    with pytest.raises(DeviceError, match=r"of which cuda:3 is to be the first"):
        devices.choose_device("cuda:3", 0, 2)
    assert devices.choose_device("cpu", 1, 8).type == "cpu"


def test_a_task_that_cannot_share_what_it_carries_is_refused() -> None:
    class Carrying(Task[Any, Any]):
        def training_state(self) -> dict[str, Any]:
            return {}

    with pytest.raises(SpecError, match=r"mine carries a state .* train it with train.processes=1"):
        check_carried("mine", Carrying)
    check_carried("plain", Task)
