"""Handing over to Ray's driver, without Ray: who starts it, what it may not miss, and jobs whose driver is dead."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine.toy_runs import toy
from executors.folders import TESTS
from waiting import until

from workbench.executors.clusters import ClusterError, RayCluster
from workbench.executors.ray import driver as driver_module
from workbench.executors.ray import executor as executor_module
from workbench.executors.ray import records
from workbench.executors.ray.driver import Driver
from workbench.executors.ray.executor import RayExecutor
from workbench.executors.ray.session import REFUSED, Session
from workbench.executors.ray.spool import Entry, Spool, bound_log
from workbench.runs import lock
from workbench.runs.folder import RunError
from workbench.runs.run import Run


@pytest.fixture
def ray_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor_module, "check_installed", lambda: None)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, ray_there: None) -> list[Spool]:
    """Spools for which a driver was started; none is."""
    asked: list[Spool] = []
    monkeypatch.setattr(Spool, "start_driver", lambda spool: asked.append(spool) or True)
    return asked


def queued(folder: Path, number: int = 1) -> tuple[RayExecutor, Spool, list[Run]]:
    runs = [toy(folder) for _ in range(number)]
    executor = RayExecutor("farm", RayCluster(address="here:1", reconnect_seconds=0))
    executor.submit(runs)
    return executor, Spool(folder, "farm"), runs


def test_submitted_runs_wait_with_an_entry_each_in_their_order(tmp_path: Path, started: list[Spool]) -> None:
    _, spool, runs = queued(tmp_path, 3)
    assert [run.status() for run in runs] == ["queued"] * 3
    assert [entry.run for entry in spool.entries()] == [run.path.name for run in runs]
    assert spool.jobs() == {run.job.id for run in runs if run.job}
    assert len(started) == 1


def test_run_is_handed_over_once(tmp_path: Path, started: list[Spool]) -> None:
    executor, spool, runs = queued(tmp_path)
    with pytest.raises(RunError, match="waiting as Ray job"):
        executor.submit(runs)
    assert len(spool.entries()) == 1


def test_a_run_that_another_process_has_is_left_out(tmp_path: Path, started: list[Spool]) -> None:
    executor, spool, (taken,) = queued(tmp_path)
    others = [toy(tmp_path) for _ in range(2)]
    executor.submit([others[0], taken, others[1]])
    assert [entry.run for entry in spool.entries()] == [run.path.name for run in (taken, *others)]
    assert len(spool.jobs()) == 3


def test_of_two_that_submit_the_same_runs_at_once_one_has_each(tmp_path: Path, started: list[Spool]) -> None:
    runs = [toy(tmp_path) for _ in range(8)]
    refused: list[Exception] = []

    def submit(order: list[Run]) -> None:
        for run in order:
            try:
                RayExecutor("farm", RayCluster()).submit([Run(run.path)])
            except RunError as error:
                refused.append(error)

    threads = [threading.Thread(target=submit, args=(order,)) for order in (runs, runs[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == len(runs)
    assert sorted(entry.run for entry in Spool(tmp_path, "farm").entries()) == sorted(run.path.name for run in runs)


def test_without_ray_the_sentence_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor_module.importlib.util, "find_spec", lambda name: None)
    run = toy(tmp_path)
    with pytest.raises(ClusterError, match=r"pip install 'workbench-rnn\[cluster\]'"):
        RayExecutor("farm", RayCluster()).submit([run])
    assert run.job is None
    assert [found.good for found in RayExecutor("farm", RayCluster()).check(str(tmp_path))] == [False]


def test_job_of_a_living_driver_stays_and_of_a_dead_one_ends(tmp_path: Path, started: list[Spool]) -> None:
    executor, spool, (run, other) = queued(tmp_path, 2)
    with_driver = lock.acquire(spool.lock_file)
    executor.refresh([run, other])
    assert run.status() == "queued"
    with_driver.close()
    record = records.live(other, other.job.id) if other.job else None
    assert record
    record.set(state="running", node="n1")
    executor.refresh([run, other])
    for each in (run, other):
        assert each.status() == "lost"
        assert each.job
        assert "driver" in each.job.reason
    assert not spool.entries()


def test_job_without_an_entry_is_forgotten_even_by_a_living_driver(tmp_path: Path, started: list[Spool]) -> None:
    executor, spool, (run,) = queued(tmp_path)
    assert run.job
    spool.remove(run.job.id)
    held = lock.acquire(spool.lock_file)
    executor.refresh([run])
    held.close()
    assert run.status() == "lost"


def test_driver_is_not_judged_while_runs_are_handed_over(tmp_path: Path, started: list[Spool]) -> None:
    executor, spool, (run,) = queued(tmp_path)
    with spool.gate():
        executor.refresh([run])
        assert run.status() == "queued"


def test_run_in_which_a_worker_is_left_is_not_ended(tmp_path: Path, started: list[Spool]) -> None:
    executor, _, (run,) = queued(tmp_path)
    held = lock.acquire(run.lock_file)
    executor.refresh([run])
    assert run.job
    assert run.job.live
    held.close()


def test_waiting_run_is_cancelled_with_and_without_a_driver(tmp_path: Path, started: list[Spool]) -> None:
    executor, spool, (run, other) = queued(tmp_path, 2)
    held = lock.acquire(spool.lock_file)
    executor.cancel([run])
    assert run.job
    assert spool.asked_to_stop(run.job.id)  # the driver's to do
    held.close()
    executor.cancel([other])
    assert other.status() == "stopped"
    assert other.job
    assert not spool.asked_to_stop(other.job.id)


class Sessions:
    """In place of the children that speak with Ray: each call is one."""

    def __init__(self, *acts: Callable[[], int]) -> None:
        self.acts = list(acts)

    def __call__(self) -> int:
        return self.acts.pop(0)()


def test_driver_does_not_end_past_an_entry_that_comes_last(tmp_path: Path, started: list[Spool]) -> None:
    _, spool, (run,) = queued(tmp_path)
    assert run.job
    late = Entry(run="later", job="00000001", cluster=RayCluster())

    def first() -> int:
        spool.remove(run.job.id)  # type: ignore[union-attr]
        spool.add([late])  # after the session looked last
        return 0

    def second() -> int:
        spool.remove(late.job)
        return 0

    sessions = Sessions(first, second)
    Driver(spool, sessions).work(lock.acquire(spool.lock_file))
    assert not sessions.acts
    assert not spool.driven()


def test_lost_session_lets_its_runs_wait_and_the_next_goes_on(
    tmp_path: Path, started: list[Spool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver_module, "_PAUSE", 0.0)
    run = toy(tmp_path)
    RayExecutor("farm", RayCluster()).submit([run])
    spool, seen = Spool(tmp_path, "farm"), []

    def dies() -> int:
        spool.connected_file.touch()
        record = records.live(run, run.job.id)  # type: ignore[union-attr]
        assert record
        record.set(state="running", node="n1")
        return -6

    def goes_on() -> int:
        seen.append(run.job)
        records.live(run, run.job.id).end()  # type: ignore[union-attr]
        spool.remove(run.job.id)  # type: ignore[union-attr]
        return 0

    Driver(spool, Sessions(dies, goes_on)).work(lock.acquire(spool.lock_file))
    assert [(job.state, job.requeues) for job in seen if job] == [("queued", 1)]
    assert seen[0]
    assert "broke off" in seen[0].reason


@pytest.mark.parametrize("code", [REFUSED, 3])
def test_cluster_that_refuses_or_stays_away_is_given_up(
    tmp_path: Path, started: list[Spool], monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(driver_module, "_PAUSE", 0.0)
    _, spool, (run,) = queued(tmp_path)

    def refuses() -> int:
        spool.trouble_file.write_text("The Ray cluster at here:1 is not reached: nobody answers.")
        return code

    Driver(spool, Sessions(refuses)).work(lock.acquire(spool.lock_file))
    assert run.status() == "lost"
    assert run.job
    assert run.job.reason == "The Ray cluster at here:1 is not reached: nobody answers."
    assert not spool.entries()


def test_log_is_bounded_and_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "driver.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * (5 << 20))
        bound_log(log)
        writer.write(b"after\n")
    assert log.read_bytes() == b"after\n"
    assert (tmp_path / "driver.log.1").stat().st_size == 2 << 20


def test_submission_imports_no_ray(tmp_path: Path) -> None:
    code = (
        "import sys, workbench.executors.jobs, workbench.executors.ray.executor, workbench.executors.ray.driver;"
        "print([name for name in ('ray', 'torch') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(TESTS.parent)},
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_entry_with_another_content_is_left_out(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "farm")
    spool.make()
    spool.add([Entry(run="a", job="1", cluster=RayCluster())])
    (spool.path / "spool" / "0-2.json").write_text("[]")
    given: Any = spool.entries()
    assert [entry.job for entry in given] == ["1"]


class Silent:
    """An actor for which there is no node: who asks it waits until he is to stop."""

    def ask(self, method: str, *arguments: Any, tick: Callable[[], None] | None = None) -> Any:
        while True:
            assert tick
            tick()
            time.sleep(0.01)

    def tell(self, method: str) -> None: ...

    def close(self) -> None: ...


def test_session_begins_as_many_at_once_as_were_asked_for_and_tells_the_others(
    tmp_path: Path, started: list[Spool]
) -> None:
    runs = [toy(tmp_path) for _ in range(3)]
    executor = RayExecutor("farm", RayCluster(cpus=2))
    executor.submit(runs, at_once=2)
    spool, asked = Spool(tmp_path, "farm"), []

    def engage(cpus: float, gpus: float) -> Silent:
        asked.append((cpus, gpus))
        return Silent()

    session = Session(spool, engage, lambda cpus, gpus: f"needs {cpus:g} CPUs: 0 of 2 free")
    assert session.work()
    until(lambda: [run.job.reason for run in runs if run.job].count("needs 2 CPUs: 0 of 2 free") == 2)
    assert asked == [(2.0, 0.0)] * 2
    assert runs[2].job
    assert runs[2].job.reason == "behind other runs"
    session.stopping = True
    until(lambda: not session.work())
    assert [run.status() for run in runs] == ["stopped"] * 3
    assert not spool.entries()
