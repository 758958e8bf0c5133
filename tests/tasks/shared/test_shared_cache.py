"""A cache that several machines share: one prepares, the others wait for it by lock or heartbeat, and none for ever."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tasks.shared import owners
from tasks.shared.datasets import cache, preparing
from tasks.shared.files import replacing
from tasks.shared.owners import Owner


class Shared:
    """A result on a shared file system, what was said, and what happens at each look at its lock."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.path = folder / "names"
        self.lock = folder / ".names.lock"
        self.said: list[str] = []
        self.meanwhile: list[Callable[[], object]] = []  # one for each pause
        self.now = 1000.0
        patch.setattr(preparing.time, "monotonic", lambda: self.now)
        patch.setattr(preparing.time, "sleep", self._pause)

    def _pause(self, _: float) -> None:
        assert self.meanwhile, f"waits for ever: {self.said}"
        self.meanwhile.pop(0)()

    def owned(self, **more: object) -> Owner:
        """Let a process of another machine be the owner."""
        owner = Owner("node7 boot 1", 17, 1.0, 5.0, time.time())
        owner = msgspec.structs.replace(owner, **more)
        self.lock.write_bytes(msgspec.json.encode(owner))
        return owner

    def later(self, seconds: float) -> None:
        self.now += seconds

    def prepared(self) -> bool:
        """Return whether another process was waited for."""
        with preparing.prepared_once(self.path, "the names data", self.said.append) as waited:
            return waited


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shared:
    return Shared(tmp_path, monkeypatch)


@pytest.fixture
def no_flock(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", refused)


def test_the_owner_is_written_while_it_prepares_and_gone_afterwards(shared: Shared, no_flock: None) -> None:
    with preparing.prepared_once(shared.path, "the names data") as waited:
        assert not waited
        owner = msgspec.json.decode(shared.lock.read_bytes(), type=Owner)
        assert (owner.pid, owner.here, owner.alive()) == (os.getpid(), True, True)
    assert shared.lock.read_bytes() == b""
    assert [path.name for path in shared.path.parent.iterdir()] == [".names.lock"]


def test_who_prepares_is_named_and_waited_for_until_the_result_is_there(shared: Shared) -> None:
    """With a flock that counts on each machine alone."""
    shared.owned()
    shared.meanwhile = [lambda: None, lambda: shared.path.write_text("whole")]
    assert shared.prepared()
    assert shared.said == ["Waiting for node7 to prepare the names data …"]
    assert shared.lock.read_bytes()  # it may still be about to let go


@pytest.mark.usefixtures("no_flock")
def test_a_heartbeat_that_stands_still_is_a_dead_one_whatever_the_clocks_say(shared: Shared) -> None:
    shared.owned(heartbeat=time.time() + 30)
    shared.meanwhile = [lambda: None, lambda: shared.later(40)]
    assert shared.prepared()
    assert shared.said[1:] == ["node7, which prepared the names data, has ended or is silent: preparing it here."]


@pytest.mark.usefixtures("no_flock")
def test_a_heartbeat_that_goes_on_is_waited_for(shared: Shared) -> None:
    for beat in range(5):
        shared.meanwhile += [lambda: shared.later(20), lambda beat=beat: shared.owned(heartbeat=time.time() + beat)]
    shared.meanwhile.append(lambda: shared.path.write_text("whole"))
    shared.owned()
    assert shared.prepared()
    assert shared.said == ["Waiting for node7 to prepare the names data …"]


def test_an_owner_that_was_silent_for_long_is_not_waited_for(shared: Shared) -> None:
    shared.owned(heartbeat=time.time() - 3600)
    assert not shared.prepared()


def test_where_flock_counts_on_all_machines_a_killed_one_is_known_at_once(shared: Shared) -> None:
    shared.owned()
    held = shared.lock.open("r+b")
    fcntl.flock(held, fcntl.LOCK_EX)
    shared.meanwhile = [held.close]
    assert shared.prepared()


def test_the_lock_that_a_machine_took_along_when_it_was_switched_off_ends_with_its_heartbeat(shared: Shared) -> None:
    shared.owned()
    with shared.lock.open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        shared.meanwhile = [lambda: shared.later(20), lambda: shared.later(20)]
        assert shared.prepared()


@pytest.mark.usefixtures("no_flock")
def test_a_killed_process_of_this_machine_is_known_at_once(shared: Shared) -> None:
    with preparing.prepared_once(shared.path, "the names data"):
        mine = msgspec.json.decode(shared.lock.read_bytes(), type=Owner)
    shared.lock.write_bytes(msgspec.json.encode(msgspec.structs.replace(mine, born=mine.born - 1)))
    assert not shared.prepared()


@pytest.mark.usefixtures("no_flock")
def test_a_claim_that_a_killed_process_left_holds_nobody_up(shared: Shared) -> None:
    claim = shared.lock.with_name(".names.lock.claim")
    claim.touch()
    shared.meanwhile = [lambda: shared.later(6), lambda: shared.later(6), lambda: None]
    assert shared.prepared()
    assert not claim.exists()


def test_what_a_killed_preparer_left_is_removed(shared: Shared) -> None:
    left, others = (shared.path.with_name(name) for name in (".names.7-ab.tmp", ".other.7-ab.tmp"))
    left.touch()
    others.touch()
    shared.prepared()
    assert (left.exists(), others.exists()) == (False, True)


def test_two_machines_whose_processes_have_the_same_number_do_not_write_in_one_file(tmp_path: Path) -> None:
    with replacing(tmp_path / "names") as first, replacing(tmp_path / "names") as second:
        first.write(b"half a")
        second.write(b"whole")
    assert (tmp_path / "names").read_bytes() == b"half a"
    assert [path.name for path in tmp_path.iterdir()] == ["names"]


def test_the_heartbeat_is_written_again(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owners, "HEARTBEAT_SECONDS", 0.001)
    beats: list[int] = []
    monkeypatch.setattr(owners, "write", lambda *_: beats.append(1))
    with preparing.prepared_once(shared.path, "the names data"):
        while len(beats) < 3:
            os.sched_yield()


@pytest.mark.parametrize("call", ["write", "open"])
def test_a_full_disk_or_a_cache_that_is_read_only_costs_time_alone(tmp_path: Path, monkeypatch, capsys, call) -> None:
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    number = errno.ENOSPC if call == "write" else errno.EROFS

    def refused(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(owners, "write", refused)
    monkeypatch.setattr(cache.files, "write", refused)
    if call == "open":
        monkeypatch.setattr(preparing.os, "open", refused)
    assert cache.value("names-1", lambda: 3, int) == 3
    said = capsys.readouterr().err
    assert said.startswith(f"· Nothing can be kept in the cache {tmp_path}")
    assert said.count("\n") == 1
