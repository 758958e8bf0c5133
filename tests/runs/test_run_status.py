"""A run's status is derived: the lock, the events, STOP."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import event_makers as make
import pytest

from workbench.runs.events import Event, encode
from workbench.runs.folder import RunError
from workbench.runs.run import LIVE as LIVE_STATUSES
from workbench.runs.run import Run, Status

LIVED = [make.started(), make.step(1)]
ON = [make.started(1), make.step(2)]
EVENTS: dict[str, list[Event]] = {
    "before the first event": [],
    "steps": LIVED,
    "finished": [*LIVED, make.finished(1)],
    "stopped": [*LIVED, make.stopped(1)],
    "failed": [*LIVED, make.failed(1)],
    "went on after stopping": [*LIVED, make.stopped(1), *ON],
    "went on after failing, and finished": [*LIVED, make.failed(1), *ON, make.finished(2)],
}
DEAD: dict[str, Status] = {
    "before the first event": "lost",
    "steps": "lost",
    "finished": "finished",
    "stopped": "stopped",
    "failed": "failed",
    "went on after stopping": "lost",
    "went on after failing, and finished": "finished",
}
LIVE: dict[str, Status] = {
    "before the first event": "starting",
    "steps": "running",
    "stopped": "starting",  # claimed again: an earlier life ended it
    "failed": "starting",
    "went on after stopping": "running",
}


@contextmanager
def claimed(run: Run) -> Iterator[None]:
    lock = run.acquire_lock()
    try:
        yield
    finally:
        lock.close()


def write(run: Run, case: str) -> None:
    run.events_file.write_bytes(b"".join(map(encode, EVENTS[case])))


@pytest.mark.parametrize("case", DEAD)
@pytest.mark.parametrize("stop", [False, True], ids=["", "STOP"])
def test_without_the_lock_the_last_event_says_how_it_ended(run: Run, case: str, stop: bool) -> None:
    write(run, case)
    if stop:
        run.stop_file.touch()
    assert run.status() == DEAD[case]


@pytest.mark.parametrize("case", LIVE)
def test_with_the_lock_it_lives(run: Run, case: str) -> None:
    write(run, case)
    if not EVENTS[case]:
        run.events_file.unlink()
    with claimed(run):
        assert run.status() == LIVE[case]
        assert run.alive()
    assert not run.alive()


@pytest.mark.parametrize("case", ["stopped", "failed", "finished"])
def test_an_end_that_was_written_after_the_last_claim_is_an_earlier_life_s_at_the_next(run: Run, case: str) -> None:
    write(run, case)
    ended = EVENTS[case][-1].time
    run.lock_file.touch()
    os.utime(run.lock_file, (ended - 60, ended - 60))  # the worker claimed the run a minute before it ended
    with claimed(run):
        assert run.lock_file.stat().st_mtime > ended
        assert run.status() == "starting"


@pytest.mark.parametrize("case", EVENTS)
def test_with_the_lock_and_stop_it_is_stopping(run: Run, case: str) -> None:
    write(run, case)
    with claimed(run):
        run.request_stop()
        assert run.stop_file.exists()
        assert run.status() == "stopping"


def test_an_unfinished_last_line_is_no_end(run: Run) -> None:
    write(run, "steps")
    with run.events_file.open("ab") as file:
        file.write(encode(make.finished(1))[:-1])
    assert run.status() == "lost"


def test_a_run_that_nobody_started_is_lost_and_has_no_lock(run: Run) -> None:
    assert (run.status(), run.alive()) == ("lost", False)
    assert not run.lock_file.exists()


@pytest.mark.parametrize("case", ["finished", "stopped", "failed", "steps"])
def test_a_run_that_does_not_live_cannot_be_stopped(run: Run, case: str) -> None:
    write(run, case)
    with pytest.raises(RunError, match=rf"is not running: it is {DEAD[case]}\.$"):
        run.request_stop()
    assert not run.stop_file.exists()


def test_every_live_status_is_known_as_one() -> None:
    assert {*LIVE.values(), "stopping", "queued"} == set(LIVE_STATUSES)
    assert not set(DEAD.values()) & set(LIVE_STATUSES)
