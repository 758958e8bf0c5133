"""Minding of a worker on its node: what it writes, when it asks for a requeue, when it ends for good.

The worker is a shell script that does as a worker does: it waits for STOP and writes its last event.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from executors.fake_slurm import FakeSlurm
from runs import event_makers as make
from waiting import until

from workbench.config import spec
from workbench.executors.slurm import node
from workbench.executors.slurm.node import Minder
from workbench.executors.slurm.script import REQUEUE, UNTOLD
from workbench.runs import job as jobs
from workbench.runs import launch, store
from workbench.runs.events import Event, encode
from workbench.runs.folder import RunError
from workbench.runs.job import Job
from workbench.runs.run import Run

_OBEYS = 'echo begun >> worker.log; until [ -e STOP ]; do sleep 0.02; done; cat ending >> events.jsonl; exit "$1"'
_ENDS = 'cat ending >> events.jsonl; exit "$1"'
_HANGS = "echo begun >> worker.log; sleep 600"


@pytest.fixture
def run(runs_folder: Path) -> Run:
    one = store.create(runs_folder, spec.make("toy", "rnn", {}), name="one")
    jobs.write(one.job_file, Job(executor="slurm", cluster="big", id="7_3", submitted=time.time()))
    return one


@pytest.fixture
def worker(run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[subprocess.Popen[bytes]]]:
    """Let a shell script be the worker, which writes ``ending`` at its end."""

    def of(script: str, ending: Event | None, code: int = 0) -> list[subprocess.Popen[bytes]]:
        later = msgspec.structs.replace(ending, time=time.time() + 60) if ending else None
        (run.path / "ending").write_bytes(encode(later) if later else b"")
        started: list[subprocess.Popen[bytes]] = []

        def start(chosen: Run, *_: object, own_job: str, **__: object) -> subprocess.Popen[bytes]:
            assert (chosen.path, own_job) == (run.path, "7_3")
            assert chosen.job
            assert chosen.job.state == "running"
            started.append(subprocess.Popen(["bash", "-c", script, "worker", str(code)], cwd=run.path))
            return started[0]

        monkeypatch.setattr(launch, "start", start)
        return started

    return of


def minder(run: Run, *signals: int, job: str = "7_3") -> Minder:
    return Minder(run, job, "big", list(signals), named_seconds=0.0, free_seconds=0.0)


def test_a_run_that_finishes(run: Run, worker: Callable[..., object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURMD_NODENAME", "n1")
    monkeypatch.setenv("SLURM_RESTART_COUNT", "2")
    worker(_ENDS, make.finished(3))
    assert minder(run).work() == 0
    job = run.job
    assert (job.state, job.reason, job.node, job.requeues) == ("ended", "", "n1", 2)
    assert job.started > 0
    assert run.status() == "finished"


def test_a_failure_is_the_job_s_too(run: Run, worker: Callable[..., object]) -> None:
    worker(_ENDS, make.failed(3), 1)
    assert minder(run).work() == 1
    assert (run.job.state, run.job.reason, run.status()) == ("ended", "", "failed")


def test_before_the_time_limit_it_saves_and_is_requeued(run: Run, worker: Callable[..., object]) -> None:
    worker(_OBEYS, make.stopped(3))
    assert minder(run, signal.SIGUSR1).work() == REQUEUE
    assert (run.job.state, run.job.reason, run.status()) == ("queued", "requeued", "queued")


@pytest.mark.parametrize(
    ("state", "code"),
    [("JobState=RUNNING Reason=None", REQUEUE), ("JobState=COMPLETING Reason=TimeLimit", REQUEUE)],
)
def test_sigterm_while_the_job_runs_is_a_notice(
    run: Run, worker: Callable[..., object], slurm: FakeSlurm, state: str, code: int
) -> None:
    slurm.say("scontrol", f"JobId=8 ArrayJobId=7 {state}\n")
    worker(_OBEYS, make.stopped(3))
    assert minder(run, signal.SIGTERM).work() == code
    assert run.status() == "queued"
    assert slurm.calls("scontrol") == [["show", "job", "--oneliner", "7_3"]]


def test_scancel_ends_it_and_slurm_is_asked_what_it_was(
    run: Run, worker: Callable[..., object], slurm: FakeSlurm
) -> None:
    slurm.say("scontrol", "JobId=8 ArrayJobId=7 JobState=COMPLETING Reason=None\n")
    worker(_OBEYS, make.stopped(3))
    assert minder(run, signal.SIGTERM).work() == 0
    assert run.job.live  # until Slurm says whether it was cancelled, or preempted and requeued
    assert run.status() == "stopping"


def test_a_person_s_stop_ends_the_job(run: Run, worker: Callable[..., object]) -> None:
    worker(f"touch STOP; {_OBEYS}", make.stopped(3))
    assert minder(run).work() == 0
    assert (run.job.state, run.status()) == ("ended", "stopped")


def test_a_person_s_stop_comes_before_the_time_limit(run: Run, worker: Callable[..., object]) -> None:
    started = worker(f"touch STOP; until [ -e told ]; do sleep 0.02; done; {_ENDS}", make.stopped(3))
    signals: list[int] = []
    minding = Minder(run, "7_3", "big", signals, named_seconds=0.0)

    def signalled() -> None:
        until(run.stop_requested)
        signals.append(signal.SIGUSR1)
        until(lambda: minding._asked == "stop")
        (run.path / "told").touch()

    thread = threading.Thread(target=signalled)
    thread.start()
    assert minding.work() == 0
    thread.join()
    assert started
    assert run.job.state == "ended"


def test_a_stop_before_the_worker_begins_begins_none(run: Run, worker: Callable[..., list[object]]) -> None:
    jobs.write(run.job_file, msgspec.structs.replace(run.job, state="running"))  # as the stopping side found it
    run.request_stop()
    started = worker(_OBEYS, make.stopped(3))
    assert minder(run).work() == 0
    assert not started
    assert (run.job.state, run.status(), run.stop_requested()) == ("ended", "stopped", False)


def test_a_stop_of_an_earlier_life_is_none_of_the_next(
    run: Run, worker: Callable[..., list[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    run.stop_file.touch()  # its worker was killed before it could obey
    started = worker(_ENDS, make.finished(3))
    assert minder(run).work() == 0
    assert started
    assert run.status() == "finished"


def test_a_run_that_a_person_stopped_as_the_limit_came_stays_stopped(
    run: Run, worker: Callable[..., list[subprocess.Popen[bytes]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    started = worker(_ENDS, make.stopped(3))
    signals: list[int] = []
    minding = Minder(run, "7_3", "big", signals, named_seconds=0.0)
    start = launch.start

    def start_and_end(*given: object, **settings: object) -> subprocess.Popen[bytes]:
        process = start(*given, **settings)
        process.wait()
        signals.append(signal.SIGUSR1)
        return process

    monkeypatch.setattr(launch, "start", start_and_end)
    assert minding.work() == 0
    assert started
    assert (run.job.state, run.status()) == ("ended", "stopped")


def test_a_worker_that_was_killed_is_told(run: Run, worker: Callable[..., list[subprocess.Popen[bytes]]]) -> None:
    started = worker(_HANGS, None)
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(minder(run).work()))
    thread.start()
    until(lambda: started and run.log_size())
    started[0].kill()
    thread.join()
    assert codes == [128 + signal.SIGKILL]
    assert run.job.state == "ended"
    assert run.job.reason.endswith(
        "was killed by SIGKILL, as where memory runs out: set memory in the cluster's description for more."
    )
    assert run.status() == "lost"


def test_a_worker_killed_by_the_signal_of_the_limit_is_not_requeued(
    run: Run, worker: Callable[..., list[subprocess.Popen[bytes]]]
) -> None:
    worker("kill -s USR1 $$", None)
    assert minder(run).work() not in (REQUEUE, UNTOLD)
    assert run.status() == "lost"


def test_a_worker_that_ends_without_a_word(run: Run, worker: Callable[..., object]) -> None:
    run.log_file.write_text("Run one cannot be written: No space left on device.\n")
    worker(_ENDS, None, 1)
    assert minder(run).work() == 1
    assert "ended with exit code 1: Run one cannot be written: No space left on device." in run.job.reason


def test_another_job_s_run_is_left(run: Run, worker: Callable[..., list[object]]) -> None:
    started = worker(_ENDS, make.finished(3))
    before = run.job
    assert minder(run, job="6").work() == 0
    assert run.job == before
    assert not started


def test_a_finished_run_is_not_trained_again(run: Run, worker: Callable[..., list[object]]) -> None:
    started = worker(_ENDS, None)
    run.events_file.write_bytes(encode(make.finished(3)))
    assert minder(run).work() == 0
    assert run.job.state == "ended"
    assert not started


def test_a_run_with_a_living_worker_is_not_trained_twice(run: Run) -> None:
    with closing(run.acquire_lock("7_3")):
        with pytest.raises(RunError, match="already running"):
            minder(run).work()
        assert (run.job.state, run.job.reason) == ("ended", "")
        assert run.status() == "starting"


def test_a_submission_that_was_killed_before_it_named_its_job(run: Run, worker: Callable[..., object]) -> None:
    run.job_file.unlink()
    worker(_ENDS, make.finished(3))
    assert minder(run).work() == 0
    assert (run.job.id, run.job.cluster, run.job.state) == ("7_3", "big", "ended")


def test_a_run_that_cannot_be_started_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: object, **__: object) -> None:
        raise RunError("The disk is full.")

    monkeypatch.setattr(launch, "start", start)
    with pytest.raises(RunError):
        minder(run).work()
    assert (run.job.state, run.job.reason, run.status()) == ("ended", "The disk is full.", "lost")


def test_what_the_job_printed_goes_into_the_worker_s_log(run: Run, worker: Callable[..., object]) -> None:
    log = run.path.parent / ".slurm" / "7_3.log"
    log.parent.mkdir()
    log.write_text("Loading cuda/12\n")
    worker(_ENDS, make.finished(3))
    minder(run).work()
    assert not log.exists()
    assert run.log_file.read_text().startswith("Loading cuda/12\n")


@pytest.mark.parametrize(
    ("environment", "threads"),
    [
        ({"SLURM_CPUS_PER_TASK": "4"}, 4),
        ({"SLURM_CPUS_ON_NODE": "2"}, 2),
        ({"SLURM_CPUS_PER_TASK": "4", "OMP_NUM_THREADS": "1"}, 0),
        ({}, 0),
    ],
)
def test_threads_are_the_cpus_that_slurm_gave(
    run: Run, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], threads: int
) -> None:
    for name in ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert node._threads(run) == threads


def test_the_id_is_what_squeue_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "9")
    for name in ("SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID"):
        monkeypatch.delenv(name, raising=False)
    assert node.own_id() == "9"
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "7")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "0")
    assert node.own_id() == "7_0"


def test_wrong_usage(forker: object) -> None:
    command = [sys.executable, "-P", "-m", node.__name__]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ")
