"""The lock of a run: one worker at a time, and the sign that it lives. No torch.

The worker holds ``flock`` on the run's ``lock`` file, which ends with the process whatever ends it. On a file system
without ``flock`` (Lustre and some NFS mounts) the file holds the owner instead: machine, process and a heartbeat.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from tasks.shared import files, owners
from tasks.shared.owners import HEARTBEAT_SECONDS, SILENT_SECONDS
from workbench.runs import folder

_TRIES, _PAUSE = 20, 0.01  # a reader that looks whether the run lives holds the lock for an instant


class Held(Exception):
    """Another worker holds the lock."""


class Lock:
    """A lock that is held until it is closed, or until the last process that inherited its descriptor ends."""

    def __init__(self, path: Path, file: BinaryIO, *, by_heartbeat: bool) -> None:
        self._path = path
        self._file = file
        self._over = threading.Event()
        self._handed_on = False
        self.by_heartbeat = by_heartbeat

    @property
    def descriptor(self) -> int:
        """File descriptor for a process to inherit."""
        return self._file.fileno()

    def hand_on(self, pid: int) -> None:
        """Leave the lock to a child that inherited the descriptor."""
        self._handed_on = True
        if self.by_heartbeat:
            owners.write(self.descriptor, pid)

    def keep_alive(self) -> None:
        """Write a heartbeat from a thread, as long as the lock is held and the file system has no locks."""
        if self.by_heartbeat:
            threading.Thread(target=self._beat, daemon=True).start()

    def close(self) -> None:
        """Let go of the lock."""
        self._over.set()
        if self.by_heartbeat and not self._handed_on:
            with suppress(OSError):
                self._file.truncate(0)
        self._file.close()

    def _beat(self) -> None:
        since = time.time()
        while not self._over.wait(HEARTBEAT_SECONDS):
            with suppress(OSError, ValueError):  # ``close`` may come in between
                owners.write(self.descriptor, os.getpid(), since)


def acquire(path: Path) -> Lock:
    """Lock a file for this process; it is created where it is missing.

    Raises:
        Held: another worker holds it.
        RunError: it is no regular file.
        OSError: it cannot be opened or written.
    """
    for attempt in range(1, _TRIES + 1):
        file = folder.open_regular(path, "r+b")
        try:
            locked = _flock(file.fileno(), fcntl.LOCK_EX)
            if locked is None:
                return _acquire_by_heartbeat(path, file)
            if locked and _is_at(path, file):
                return _without_owner(path, file)
            if not locked and attempt == _TRIES and _flock(file.fileno(), fcntl.LOCK_SH):
                return _replace(path, file)  # held under a shared lock alone, which is no worker's
        except BaseException:
            file.close()
            raise
        file.close()
        time.sleep(_PAUSE)
    raise Held


def adopt(path: Path, descriptor: int) -> Lock | None:
    """Take over the lock whose descriptor this process inherited; ``None`` where it is not that of the file.

    Raises:
        RunError, OSError: as ``acquire``.
    """
    try:
        inherited = os.fstat(descriptor)
    except OSError:  # no such descriptor
        return None
    with folder.open_regular(path) as own:
        if not os.path.samestat(inherited, os.fstat(own.fileno())):
            return None
    os.set_inheritable(descriptor, False)
    file: BinaryIO = os.fdopen(descriptor, "r+b", buffering=0)
    locked = _flock(descriptor, fcntl.LOCK_EX)
    if locked is None:
        owners.write(file.fileno(), os.getpid())
    return Lock(path, file, by_heartbeat=locked is None) if locked is not False else None


def held(path: Path) -> bool:
    """Return whether a worker holds the lock.

    Raises:
        RunError: it is no regular file.
        OSError: it cannot be opened.
    """
    try:
        file = folder.open_regular(path)
    except FileNotFoundError:
        return False
    with file:
        if _flock(file.fileno(), fcntl.LOCK_SH) is False:
            return True
        owner = owners.read(file.fileno())  # of a machine on which the file system has no locks
        return owner is not None and owner.alive()


def taken_at(path: Path) -> float:
    """Return the time at which the lock was last taken, in Unix seconds.

    Raises:
        RunError, OSError: as ``held``.
    """
    with folder.open_regular(path) as file:
        owner = owners.read(file.fileno())
        return owner.since if owner else os.fstat(file.fileno()).st_mtime


def _flock(descriptor: int, kind: int) -> bool | None:
    """Lock a file without waiting; ``None`` where the file system has no locks."""
    try:
        return files.lock(descriptor, kind | fcntl.LOCK_NB) or None
    except BlockingIOError:
        return False


def _is_at(path: Path, file: BinaryIO) -> bool:
    """Return whether a file that was opened still has its name."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _without_owner(path: Path, file: BinaryIO) -> Lock:
    """Return the lock of a file that was locked, unless a worker on a machine without locks is its owner."""
    owner = owners.read(file.fileno())
    if owner and owner.alive():
        raise Held
    if owner:
        file.truncate(0)
    return Lock(path, file, by_heartbeat=False)


def _replace(path: Path, shared: BinaryIO) -> Lock:
    """Put a new lock file, which is locked, in the place of one that this process and others hold a shared lock on."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}{files.TEMPORARY}")
    with suppress(FileNotFoundError):
        beside.unlink()
    file = folder.open_regular(beside, "xb")
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_at(path, shared):
            raise Held
        beside.replace(path)
        time.sleep(_TRIES * _PAUSE)  # of several that replace it at once, the last one has it
        if not _is_at(path, file):
            raise Held
    except BaseException:
        file.close()
        with suppress(OSError):
            beside.unlink()
        raise
    shared.close()
    return Lock(path, file, by_heartbeat=False)


def _acquire_by_heartbeat(path: Path, file: BinaryIO) -> Lock:
    """Become the owner that a lock file names; the claim file beside it lets one process at a time do so."""
    owner = owners.read(file.fileno())
    if owner and owner.alive():
        raise Held
    claim = path.with_name(f".{path.name}.claim")
    with suppress(FileNotFoundError):
        if time.time() - claim.lstat().st_mtime > SILENT_SECONDS:  # its process was killed in between
            claim.unlink()
    try:
        folder.open_regular(claim, "xb").close()
    except FileExistsError:
        raise Held from None
    try:
        if owner and not owner.here:  # the clocks of two machines may differ: does it beat?
            time.sleep(HEARTBEAT_SECONDS * 1.5)
        if owners.read(file.fileno()) != owner:
            raise Held
        owners.write(file.fileno(), os.getpid())
    finally:
        claim.unlink(missing_ok=True)
    return Lock(path, file, by_heartbeat=True)
