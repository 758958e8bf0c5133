"""A file system without ``flock``: the lock file names machine, process and heartbeat."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from waiting import until

from tasks.shared.owners import SILENT_SECONDS, Owner
from workbench.runs import lock
from workbench.runs.folder import RunError
from workbench.runs.lock import Held
from workbench.runs.run import Run


@pytest.fixture(params=[errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def no_flock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(fcntl, "flock", refused)


pytestmark = pytest.mark.usefixtures("no_flock")


def owner_of(run: Run) -> Owner:
    return msgspec.json.decode(run.lock_file.read_bytes(), type=Owner)


def write(run: Run, owner: Owner) -> None:
    run.lock_file.write_bytes(msgspec.json.encode(owner))


def test_one_process_has_the_run_until_it_lets_go(run: Run) -> None:
    held = run.acquire_lock()
    assert held.by_heartbeat
    assert run.alive()
    assert run.status() == "starting"
    assert owner_of(run).pid == os.getpid()
    with pytest.raises(RunError, match="is already running"):
        run.acquire_lock()
    held.close()
    assert not run.alive()
    assert sorted(path.name for path in run.path.iterdir()) == ["lock", "spec.json"]
    run.acquire_lock().close()


def test_it_is_handed_to_a_child_and_ends_with_it(run: Run) -> None:
    held = run.acquire_lock()
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with child:
        held.hand_on(child.pid)
        held.close()
        assert run.alive()
        assert owner_of(run).pid == child.pid
        child.kill()
        until(lambda: not run.alive(), "the child's end is seen, before anyone has waited for it")
    run.acquire_lock().close()


def test_a_worker_adopts_what_it_was_handed(run: Run) -> None:
    held = run.acquire_lock()
    held.hand_on(os.getpid())
    inherited = os.dup(held.descriptor)
    held.close()
    adopted = run.adopt_lock(inherited)
    assert adopted.by_heartbeat
    assert run.alive()
    adopted.close()
    assert not run.alive()


def test_the_heartbeat_is_written_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "HEARTBEAT_SECONDS", 0.01)
    held = run.acquire_lock()
    first = owner_of(run).heartbeat
    held.keep_alive()
    until(lambda: owner_of(run).heartbeat > first, "a heartbeat")
    held.close()


@pytest.mark.parametrize(("silent", "alive"), [(1.0, True), (SILENT_SECONDS + 30, False)])
def test_another_machine_is_known_by_its_heartbeat(run: Run, silent: float, alive: bool) -> None:
    now = time.time()
    write(run, Owner("another machine", os.getpid(), 1.0, now - 500, now - silent))
    assert run.alive() == alive


def test_a_beat_that_goes_on_under_a_wrong_clock_is_noticed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its clock is an hour behind: it looks silent, but what it writes changes."""
    there = Owner("another machine", 1, 1.0, time.time() - 5000, time.time() - 3600)
    write(run, there)

    def meanwhile(_: float) -> None:
        write(run, msgspec.structs.replace(there, heartbeat=there.heartbeat + 5))

    monkeypatch.setattr(lock.time, "sleep", meanwhile)
    with pytest.raises(Held):
        lock.acquire(run.lock_file)


def test_a_process_id_that_was_given_again_is_not_the_owner(run: Run) -> None:
    held = run.acquire_lock()
    mine = owner_of(run)
    held.close()
    write(run, msgspec.structs.replace(mine, born=mine.born - 1000))
    assert not run.alive()


def test_a_child_that_ended_before_it_was_handed_the_run_does_not_hold_it(run: Run) -> None:
    child = subprocess.Popen(["/bin/true"])
    child.wait()
    held = run.acquire_lock()
    held.hand_on(child.pid)
    held.close()
    assert not run.alive()


def test_a_zombie_does_not_hold_it(run: Run) -> None:
    child = subprocess.Popen(["/bin/true"])
    until(lambda: Path(f"/proc/{child.pid}/stat").read_text().split()[2] == "Z", "the child ends")
    held = run.acquire_lock()
    held.hand_on(child.pid)
    held.close()
    assert not run.alive()
    child.wait()


def test_a_claim_that_a_killed_process_left_holds_nobody_up_for_long(run: Run) -> None:
    claim = run.path / ".lock.claim"
    claim.touch()
    with pytest.raises(Held):
        lock.acquire(run.lock_file)
    os.utime(claim, (0, 0))
    lock.acquire(run.lock_file).close()


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 200_000, b'{"pid": "x"}', b"\xff" * 50])
def test_a_lock_file_that_names_nobody_is_free(run: Run, content: bytes) -> None:
    run.lock_file.write_bytes(content)
    assert not run.alive()
    run.acquire_lock().close()


def test_the_start_of_the_present_life_is_kept_while_it_beats(run: Run, tmp_path: Path) -> None:
    held = run.acquire_lock()
    write(run, msgspec.structs.replace(owner_of(run), since=1000.0))
    assert lock.taken_at(run.lock_file) == 1000.0
    held.close()
