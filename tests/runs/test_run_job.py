"""A run that a cluster's job has: its status, who may train it, what its summary tells."""

from __future__ import annotations

import os
import time
from contextlib import closing

import event_makers as make
import msgspec
import pytest
from fake_cluster import put

from workbench.runs import job as job_files
from workbench.runs.events import Event, encode
from workbench.runs.folder import RunError
from workbench.runs.history import LatestEvents
from workbench.runs.run import Run
from workbench.runs.summary import facts, read_summary

NOW = time.time()


def write(run: Run, *events: Event, after: float = 10.0) -> None:
    """Write events as if they had happened so many seconds after now; before it where that is negative."""
    moved = [msgspec.structs.replace(event, time=NOW + after) for event in events]
    run.events_file.write_bytes(b"".join(map(encode, moved)))


def statuses(run: Run) -> set[str]:
    """The status by the last event alone, and by the latest of each kind: they must be one."""
    return {run.status(), run.status(LatestEvents(run.events_file).read())}


LIVED = make.started(), make.step(1)


@pytest.mark.parametrize(
    ("state", "events", "after", "status"),
    [
        ("queued", (), 0, "queued"),
        ("queued", (*LIVED, make.stopped(1)), -10, "queued"),  # handed over again after it had stopped
        ("queued", (*LIVED, make.stopped(1)), 10, "queued"),  # requeued by its scheduler
        ("queued", LIVED, -10, "queued"),  # it was lost elsewhere before
        ("running", (), 0, "starting"),
        ("running", LIVED, -10, "starting"),
        ("running", (*LIVED, make.stopped(1)), 10, "starting"),
        ("running", LIVED, 10, "running"),  # its node's lock cannot be seen here
        ("running", (*LIVED, make.finished(1)), 10, "finished"),
        ("running", (*LIVED, make.failed(1)), 10, "failed"),
        ("queued", (*LIVED, make.finished(1)), 10, "finished"),
        ("running", (*LIVED, make.failed(1)), -10, "starting"),
        ("ended", (), 0, "stopped"),  # taken from the queue before it began
        ("ended", LIVED, 10, "lost"),
        ("ended", (*LIVED, make.stopped(1)), 10, "stopped"),
    ],
)
def test_status_of_a_job_s_run(run: Run, state: str, events: tuple[Event, ...], after: float, status: str) -> None:
    if events:
        write(run, *events, after=after)
    put(run, state=state, submitted=NOW)
    assert statuses(run) == {status}


def test_a_job_that_its_scheduler_ended_is_lost_with_its_reason(run: Run) -> None:
    put(run, state="ended", reason="Slurm ended job 12 at its time limit.")
    summary = read_summary(run)
    assert statuses(run) == {"lost"}
    assert summary.message == "Slurm ended job 12 at its time limit. Resume goes on from the last checkpoint."


def test_stop_is_asked_of_a_job_that_runs_out_of_sight(run: Run) -> None:
    write(run, *LIVED)
    put(run, state="running", submitted=NOW)
    run.request_stop()
    assert statuses(run) == {"stopping"}


def test_a_run_that_waits_is_not_asked_to_stop_by_its_folder(run: Run) -> None:
    put(run)
    with pytest.raises(RunError, match="it is queued"):
        run.request_stop()
    assert not run.stop_file.exists()


@pytest.mark.parametrize(("state", "words"), [("queued", "is waiting as Slurm job 12"), ("running", "is training as")])
def test_a_job_s_run_is_its_own_worker_s_alone(run: Run, state: str, words: str) -> None:
    put(run, state=state)
    with pytest.raises(RunError, match=words):
        run.acquire_lock()
    assert not run.alive()
    with pytest.raises(RunError, match=words):
        run.acquire_lock("13")
    with closing(run.acquire_lock("12")):
        assert run.alive()


def test_the_lock_counts_more_than_what_the_scheduler_said_last(run: Run) -> None:
    put(run, state="queued", submitted=NOW - 60)
    with closing(run.acquire_lock("12")):
        os.utime(run.lock_file, (NOW, NOW))
        assert run.status() == "starting"
        write(run, *LIVED)
        assert statuses(run) == {"running"}


def test_a_job_that_is_over_leaves_the_run_to_anybody(run: Run) -> None:
    put(run, state="running", submitted=NOW)
    write(run, *LIVED, make.failed(1))
    run.acquire_lock().close()


def test_facts_hold_the_job(run: Run) -> None:
    written = put(run, node="n1", state="running", requeues=2)
    assert facts(read_summary(run))["job"] == msgspec.structs.asdict(written)
    assert written.place == "Slurm job 12 on n1"


@pytest.mark.parametrize("content", [b"", b"{", b'{"executor": "cron"}', b"\xff", b"[" * 100_000])
def test_a_damaged_job_is_none(run: Run, content: bytes) -> None:
    run.job_file.write_bytes(content)
    assert run.job is None
    assert read_summary(run).status == "lost"


@pytest.mark.parametrize(
    "changed", [{"id": "--user=me"}, {"id": "7 8"}, {"cluster": "../../home"}, {"cluster": "/etc"}]
)
def test_a_stranger_s_job_names_no_option_and_no_other_folder(run: Run, changed: dict[str, str]) -> None:
    found = msgspec.structs.asdict(put(run)) | changed
    run.job_file.write_bytes(msgspec.json.encode(found))
    assert run.job is None


def test_a_job_that_is_a_link_is_none(run: Run) -> None:
    put(run)
    run.job_file.rename(run.path.parent / "elsewhere")
    run.job_file.symlink_to(run.path.parent / "elsewhere")
    assert job_files.read(run.job_file) is None


@pytest.mark.parametrize("reason", ["x" * 5000, "/runs/\udcff cannot be read."])
def test_words_of_any_length_and_bytes_leave_the_job_readable(run: Run, reason: str) -> None:
    found = put(run, state="running", submitted=NOW)
    job_files.write(run.job_file, msgspec.structs.replace(found, state="queued", reason=reason, node=reason))
    assert run.job is not None
    assert run.job.reason == run.job.node == reason[:2000].replace("\udcff", "?")
    assert run.status() == "queued"
    with pytest.raises(RunError, match="waiting as Slurm job 12"):
        run.acquire_lock()
