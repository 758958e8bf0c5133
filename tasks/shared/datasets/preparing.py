"""Preparation of a shared result by one process at a time, of this machine or of others on one file system. No torch.

A lock file beside the result is held by ``flock`` and names its owner, with a heartbeat: some file systems have no
``flock``, some have one for each machine alone, and some keep that of a machine that was switched off. What is prepared
is renamed into its place whole, so that two that prepare at once, where all of this fails, cost time and nothing else.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tasks.shared import files, owners
from tasks.shared.datasets.progress import report_progress
from tasks.shared.owners import SILENT_SECONDS, Owner

_SHORTEST, _LONGEST = 0.01, 1.0  # seconds between two looks at a lock
_NAMELESS = 3  # looks at a lock without an owner, before that is said
_UNCHANGED = SILENT_SECONDS / 2  # seconds after which a heartbeat that was watched is missing, whatever the clocks say
_CLAIM_SECONDS = 10.0  # after which a claim, which takes an instant, is a killed process's


@contextmanager
def prepared_once(
    path: Path,
    what: str,
    say: Callable[[str], None] | None = None,
    meanwhile: Callable[[], None] = lambda: None,
    lock: Path | None = None,
) -> Iterator[bool]:
    """Prepare a result while no other process does; one that comes meanwhile waits, says so, and finds it there.

    Where nothing can be written beside it, each prepares for itself.

    Args:
        path: the result's.
        what: it is, for a person who waits: ``the names data``.
        say: called with each sentence for that person; none: ``report_progress``.
        meanwhile: called at each look at the lock; an exception that it raises ends the waiting.
        lock: the lock file; none: a hidden one beside the result.

    Yields:
        whether another process was waited for.
    """
    lock = lock or path.with_name(f".{path.name}.lock")
    waiter = _Waiter(path, lock, what, say or report_progress, meanwhile)
    held = waiter.acquire()
    if held is None:
        yield waiter.waited
        return
    try:
        files.clear_temporary(path.parent, path.name)
        yield waiter.waited
    finally:
        held.close()


class _Held:
    """Lock file of this process, with a heartbeat until it is closed."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._since = time.time()
        self._over = threading.Event()
        self._writing = threading.Lock()
        threading.Thread(target=self._beat, daemon=True).start()

    def close(self) -> None:
        self._over.set()
        with self._writing:
            with suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)

    def _beat(self) -> None:
        while not self._over.wait(owners.HEARTBEAT_SECONDS):
            with self._writing, suppress(OSError):
                if not self._over.is_set():
                    owners.write(self._descriptor, os.getpid(), self._since)


class _Waiter:
    """Process that waits for a result or its lock file."""

    def __init__(
        self, path: Path, lock: Path, what: str, say: Callable[[str], None], meanwhile: Callable[[], None]
    ) -> None:
        self._path, self._lock, self._what, self._say, self._meanwhile = path, lock, what, say, meanwhile
        self._before = self._state()
        self.waited = False
        self._told = False
        self._looks = 0
        self._owner: Owner | None = None  # as it was seen last, and since when
        self._seen = 0.0
        self._locked: tuple[str, int, float] | None = None  # process of another machine whose lock was seen here
        self._claimed = 0.0  # since when another's claim has been there; 0: there is none

    def acquire(self) -> _Held | None:
        """Return the lock file, held; ``None`` where none can be written, or another process has put the result there.

        A hundred that waited need not have the lock one after the other.
        """
        pause = _SHORTEST
        while True:
            try:
                self._lock.parent.mkdir(parents=True, exist_ok=True)
                flags = os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
                descriptor = os.open(self._lock, flags, 0o666)
            except OSError:
                return None
            try:
                if self._take(descriptor):
                    return _Held(os.dup(descriptor))
            finally:
                os.close(descriptor)
            self.waited = True
            self._meanwhile()
            time.sleep(pause)
            pause = min(_LONGEST, 1.5 * pause)
            if self._state() not in (self._before, None):
                return None

    def _state(self) -> tuple[int, int] | None:
        """Return what tells one result from another; ``None`` where there is none."""
        with suppress(OSError):
            os.close(os.open(self._path.parent, os.O_RDONLY))  # a network file system remembers what was not there
            found = self._path.stat()
            return found.st_ino, found.st_mtime_ns
        return None

    def _take(self, descriptor: int) -> bool:
        """Become the owner, unless another one lives."""
        free: bool | None
        try:
            free = files.lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB) or None  # None: there are no locks
        except BlockingIOError:
            free = False
        except OSError:
            free = None
        try:
            owner = owners.read(descriptor)
        except OSError:
            return True
        if owner != self._owner:
            self._owner, self._seen = owner, time.monotonic()
        if owner is None:
            if free is False:
                self._report(owner)
                return False
        elif not self._gone(owner, locked=free is False):
            self._report(owner)
            return False
        elif not owner.here:
            self._say(f"{owner.host}, which prepared {self._what}, has ended or is silent: preparing it here.")
        return self._claim(descriptor, owner)

    def _gone(self, owner: Owner, *, locked: bool) -> bool:
        """Return whether an owner is dead: as this machine knows, by its clock, or by a heartbeat that stands still."""
        if owner.here:
            return not locked and not owner.alive()
        process = (owner.machine, owner.pid, owner.since)
        if locked:
            self._locked = process
        elif self._locked == process:  # this machine saw it locked: it let go without taking its name away
            return True
        return time.monotonic() - self._seen > _UNCHANGED or (not locked and not owner.alive())

    def _claim(self, descriptor: int, owner: Owner | None) -> bool:
        """Write this process as the owner; a file that is made for that instant lets one process at a time do so."""
        claim = self._lock.with_name(f"{self._lock.name}.claim")
        try:
            os.close(os.open(claim, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
        except FileExistsError:
            self._claimed = self._claimed or time.monotonic()
            if time.monotonic() - self._claimed > _CLAIM_SECONDS:
                self._claimed = 0.0
                with suppress(OSError):
                    claim.unlink()
            return False
        except OSError:  # a full disk
            return True
        try:
            if self._read_anew() != owner:
                return False
            with suppress(OSError):
                owners.write(descriptor, os.getpid())
            return True
        finally:
            with suppress(OSError):
                claim.unlink()

    def _read_anew(self) -> Owner | None:
        """Read the owner through a descriptor of its own: on a network the first one's content may be old."""
        try:
            descriptor = os.open(self._lock, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            return owners.read(descriptor)
        finally:
            os.close(descriptor)

    def _report(self, owner: Owner | None) -> None:
        """Say once who is waited for; the first looks may come before it has written its name."""
        self._looks += 1
        if self._told or (owner is None and self._looks < _NAMELESS):
            return
        self._told = True
        if owner is None:
            self._say("Another process is preparing the same: waiting for it …")
        else:
            who = f"process {owner.pid}" if owner.here else owner.host
            self._say(f"Waiting for {who} to prepare {self._what} …")
