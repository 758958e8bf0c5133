"""Training of a run through Ray with the actor in this process: nodes, travel, its order, and ends. No Ray."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from engine.toy_runs import copied, evaluated, toy, trained
from executors.folders import TESTS
from executors.ray_cluster import lives, steps_of, workers
from waiting import until

from workbench.executors.clusters import RayCluster
from workbench.executors.ray import node as node_module
from workbench.executors.ray import records
from workbench.executors.ray.node import Node
from workbench.executors.ray.spool import Entry
from workbench.executors.ray.training import NodeDied, Training
from workbench.executors.ray.travel import Landing
from workbench.runs import job
from workbench.runs.job import Job
from workbench.runs.run import Run


class LocalActor:
    """A node that is this process."""

    def __init__(self, act: Callable[[str], None] = lambda method: None) -> None:
        self.node = Node()
        self._act = act

    def ask(self, method: str, *arguments: Any, tick: Callable[[], None] | None = None) -> Any:
        if tick:
            tick()
        self._act(method)
        return getattr(self.node, method)(*arguments)

    def tell(self, method: str) -> None:
        getattr(self.node, method)()

    def close(self) -> None:
        if (keeper := self.node._keeper) and keeper.stdin:
            keeper.stdin.close()


@pytest.fixture(autouse=True)
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The nodes' scratch folder."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("PYTHONPATH", str(TESTS.parent))
    yield folder
    for process in psutil.Process().children(recursive=True):
        process.kill()


def training(
    run: Run, actors: Iterator[LocalActor], *, stopping: Callable[[], bool] = lambda: False, **described: Any
) -> Training:
    cluster = RayCluster(**{"sync_seconds": 0.1, **described})
    job.write(run.job_file, Job(executor="ray", cluster="farm", id="1", submitted=time.time()))
    record = records.live(run, "1")
    assert record
    entry = Entry(run=run.path.name, job="1", cluster=cluster)
    return Training(run, entry, record, engage=lambda: next(actors), stopping=stopping, shortage=lambda: "needs 1 CPU")


@pytest.mark.parametrize("shared", [None, False])
def test_run_trains_on_a_node_to_its_end(tmp_path: Path, nodes: Path, shared: bool | None) -> None:
    run = toy(tmp_path / "runs", {"train.max_steps": 4})
    training(run, iter([LocalActor()]), shared=shared).work()
    assert run.status() == "finished"
    assert run.job
    assert (run.job.state, run.job.reason) == ("ended", "")
    assert run.job.node
    assert {"best.safetensors", "last.pt", "task.json", "network.txt"} <= {file.name for file in run.path.iterdir()}
    assert not list(nodes.iterdir())


def test_node_that_dies_is_replaced_from_what_came_back(tmp_path: Path, nodes: Path) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    run = toy(tmp_path / "runs", {"train.max_steps": 6, "train.checkpoint_seconds": 0.0}, gate=str(gate))
    dead: list[int] = []

    def dies(method: str) -> None:
        if method == "wait" and steps_of(run) >= 3 and run.last_file.exists():
            dead.append(workers(run)[0].pid)
            gate.unlink()
            raise NodeDied("gone")

    def looks(method: str) -> None:
        if method == "place":
            assert run.job
            states.append((run.status(), run.job.requeues))

    states: list[tuple[str, int]] = []
    training(run, iter([LocalActor(dies), LocalActor(looks)]), shared=False, retries=1).work()
    assert states == [("queued", 1)]
    assert run.status() == "finished"
    assert [life.from_step > 0 for life in lives(run)] == [False, True]
    until(lambda: not psutil.pid_exists(dead[0]), "the first worker ends with its actor")
    until(lambda: not list(nodes.iterdir()), "its scratch folder goes too")


def test_nodes_that_die_too_often_leave_a_lost_run(tmp_path: Path) -> None:
    def dies(method: str) -> None:
        raise NodeDied("gone")

    run = toy(tmp_path / "runs")
    training(run, (LocalActor(dies) for _ in itertools.count()), retries=2).work()
    assert run.status() == "lost"
    assert run.job
    assert run.job.requeues == 2
    assert run.job.reason == "Its node died, the node that it was given, after 2 others: what came back before is kept."


def test_killed_worker_is_told(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    run = toy(tmp_path / "runs", gate=str(gate))

    def kills(method: str) -> None:
        if method == "wait" and lives(run) and (found := workers(run)):
            found[0].send_signal(signal.SIGKILL)

    training(run, iter([LocalActor(kills)]), shared=False).work()
    assert run.status() == "lost"
    assert run.job
    assert "SIGKILL" in run.job.reason


@pytest.mark.parametrize("shared", [True, False])
def test_stop_reaches_the_worker(tmp_path: Path, shared: bool) -> None:
    run = toy(tmp_path / "runs", {"train.max_steps": 10_000, "train.epochs": 0}, pause=0.02)
    training(run, iter([LocalActor()]), shared=shared, stopping=lambda: bool(lives(run))).work()
    assert run.status() == "stopped"
    assert run.last_file.exists()
    assert not run.stop_file.exists()


def test_waiting_run_is_not_begun(tmp_path: Path) -> None:
    run = toy(tmp_path / "runs")
    training(run, iter([LocalActor()]), stopping=lambda: True).work()
    assert run.status() == "stopped"
    assert not lives(run)


def test_folder_that_the_node_does_not_see_is_told(tmp_path: Path) -> None:
    class Apart(LocalActor):
        def ask(self, method: str, *arguments: Any, tick: Callable[[], None] | None = None) -> Any:
            return False if method == "sees" else super().ask(method, *arguments, tick=tick)

    run = toy(tmp_path / "runs")
    training(run, iter([Apart()]), shared=True).work()
    assert run.job
    assert "does not see" in run.job.reason


def test_node_without_workbench_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_module, "KEEPER", "workbench_that_is_missing")
    run = toy(tmp_path / "runs")
    training(run, iter([LocalActor()]), shared=False).work()
    assert run.status() == "lost"
    assert run.job
    assert "finds no Workbench" in run.job.reason
    assert "python_path" in run.job.reason


@pytest.fixture(scope="module")
def lives_of_a_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folders of a run that was stopped after its first evaluation, and of the same that went on to its end."""
    folder = tmp_path_factory.mktemp("lives")
    run = toy(folder, {"train.max_steps": 24, "train.checkpoint_seconds": 0.0}, pause=0.04)
    trained(run, evaluated(run))
    further = copied(run, folder, "further")
    trained(further)
    return run.path, further.path


def copies(tmp_path: Path, lives_of_a_run: tuple[Path, Path]) -> tuple[Run, Run, Node, dict[str, list[int]]]:
    """A run here, its copy on a node that has trained further, the node, and the stamps of what was sent."""
    run = copied(Run(lives_of_a_run[0]), tmp_path, "here")
    node = Node()
    node.prepare("here")
    node._folder.rmdir()
    shutil.copytree(lives_of_a_run[0], node._folder)
    stamps = {name: node_module._stamp(node._folder / name) for name in node._names()}
    for file in lives_of_a_run[1].iterdir():
        if file.read_bytes() != (run.path / file.name).read_bytes():
            (node._folder / file.name).unlink()
            shutil.copy(file, node._folder)
    return run, Run(node._folder), node, stamps


def test_events_come_before_the_checkpoints_that_rely_on_them(
    tmp_path: Path, lives_of_a_run: tuple[Path, Path]
) -> None:
    run, copy, node, stamps = copies(tmp_path, lives_of_a_run)
    asked: list[str] = []

    def ask(method: str, *arguments: Any) -> Any:
        if method == "part":
            asked.append(arguments[0])
            if arguments[0] == "last.pt":
                assert run.events_file.read_bytes() == copy.events_file.read_bytes()
                assert run.best_file.read_bytes() == copy.best_file.read_bytes()
        return getattr(node, method)(*arguments)

    assert Landing(run, ask, stamps).take()
    assert (asked[0], asked[-1]) == ("events.jsonl", "last.pt")
    assert run.last_file.read_bytes() == copy.last_file.read_bytes()


def test_torn_line_is_left_on_the_node_while_the_worker_lives(
    tmp_path: Path, lives_of_a_run: tuple[Path, Path]
) -> None:
    run, copy, node, stamps = copies(tmp_path, lives_of_a_run)
    whole = copy.events_file.read_bytes()
    with copy.events_file.open("ab") as events:
        events.write(b'{"event":"to')
    landing = Landing(run, lambda method, *words: getattr(node, method)(*words), stamps)
    assert landing.take()
    assert run.events_file.read_bytes() == whole
    node._ended.set()
    assert landing.take()
    assert run.events_file.read_bytes() == copy.events_file.read_bytes()


def test_way_that_breaks_off_leaves_whole_files_and_is_gone_again(
    tmp_path: Path, lives_of_a_run: tuple[Path, Path]
) -> None:
    run, copy, node, stamps = copies(tmp_path, lives_of_a_run)
    before = {file.name: file.read_bytes() for file in run.path.iterdir()}
    broken = ["best.safetensors"]

    def ask(method: str, *arguments: Any) -> Any:
        if method == "part" and arguments[0] in broken:
            raise NodeDied("gone")
        return getattr(node, method)(*arguments)

    landing = Landing(run, ask, stamps)
    with pytest.raises(NodeDied):
        landing.take()
    assert run.best_file.read_bytes() == before["best.safetensors"]
    assert run.last_file.read_bytes() == before["last.pt"]
    assert not list(run.path.glob("*.tmp"))
    broken.clear()
    assert landing.take()
    assert run.last_file.read_bytes() == copy.last_file.read_bytes()
    assert run.events_file.read_bytes() == copy.events_file.read_bytes()


def test_full_disk_takes_back_half_an_append(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lives_of_a_run: tuple[Path, Path]
) -> None:
    run, copy, node, stamps = copies(tmp_path, lives_of_a_run)
    before = run.events_file.read_bytes()
    landing = Landing(run, lambda method, *words: getattr(node, method)(*words), stamps)
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", _refuses)
        with pytest.raises(OSError, match="full"):
            landing.take()
    assert run.events_file.read_bytes() == before
    assert landing.take()
    assert run.events_file.read_bytes() == copy.events_file.read_bytes()


def _refuses(_: int) -> None:
    raise OSError(28, "full")


def test_files_that_are_gone_on_the_node_go_here(tmp_path: Path, lives_of_a_run: tuple[Path, Path]) -> None:
    run, copy, node, stamps = copies(tmp_path, lives_of_a_run)
    for each in (run, copy):
        each.start_file.write_bytes(b"x")
    stamps = {name: node_module._stamp(copy.path / name) for name in node._names()}
    copy.start_file.unlink()
    assert Landing(run, lambda method, *words: getattr(node, method)(*words), stamps).take()
    assert not run.start_file.exists()


def test_scratch_folders_that_nobody_holds_are_cleared(nodes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_module, "_OLD_SECONDS", 0.0)
    held, left = Node(), Node()
    left.prepare("a")
    assert left._held
    left._held.close()
    held.prepare("b")
    held_folder = held._scratch
    assert list(nodes.iterdir()) == [held_folder]
