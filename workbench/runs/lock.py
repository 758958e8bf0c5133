"""The lock of a run: one worker at a time, and the sign that it lives. No torch.

The worker holds ``flock`` on the run's ``lock`` file, which ends with the process whatever ends it. On a file system
without ``flock`` (Lustre and some NFS mounts) the file holds the owner instead: machine, process and a heartbeat.
"""

from __future__ import annotations

import fcntl
import os
import socket
import threading
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO

import msgspec

from tasks.shared import files
from workbench.runs import folder

HEARTBEAT_SECONDS = 5.0
SILENT_SECONDS = 60.0  # without a heartbeat, after which a worker on another machine counts as dead
_TRIES, _PAUSE = 20, 0.01  # a reader that looks whether the run lives holds the lock for an instant


class Owner(msgspec.Struct, frozen=True):
    """Process that holds a lock where the file system has none."""

    machine: str  # its name, boot and process-id namespace
    pid: int
    born: float  # start of the process, as its machine counts: a process id is given again
    since: float  # Unix seconds
    heartbeat: float  # Unix seconds

    def alive(self) -> bool:
        """Return whether the process lives: as this machine knows, else by its heartbeat."""
        if self.machine == _machine():
            return 0 < self.born == _born(self.pid)
        return abs(time.time() - self.heartbeat) < SILENT_SECONDS


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
            _write(self._file, pid)

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
                _write(self._file, os.getpid(), since)


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
        _write(file, os.getpid())
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
        owner = _read(file)  # of a machine on which the file system has no locks
        return owner is not None and owner.alive()


def taken_at(path: Path) -> float:
    """Return the time at which the lock was last taken, in Unix seconds.

    Raises:
        RunError, OSError: as ``held``.
    """
    with folder.open_regular(path) as file:
        owner = _read(file)
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
    owner = _read(file)
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
    owner = _read(file)
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
        if owner and owner.machine != _machine():  # the clocks of two machines may differ: does it beat?
            time.sleep(HEARTBEAT_SECONDS * 1.5)
        if _read(file) != owner:
            raise Held
        _write(file, os.getpid())
    finally:
        claim.unlink(missing_ok=True)
    return Lock(path, file, by_heartbeat=True)


def _read(file: BinaryIO) -> Owner | None:
    """Return the owner that a lock file names; ``None`` where it names none."""
    try:
        return msgspec.json.decode(os.pread(file.fileno(), 4096, 0), type=Owner)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _write(file: BinaryIO, pid: int, since: float | None = None) -> None:
    now = time.time()
    owner = Owner(_machine(), pid, _born(pid), now if since is None else since, now)
    content = msgspec.json.encode(owner) + b"\n"
    os.pwrite(file.fileno(), content, 0)
    os.ftruncate(file.fileno(), len(content))


@cache
def _machine() -> str:
    parts = [socket.gethostname()]
    with suppress(OSError):  # elsewhere than on Linux
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(str(Path("/proc/self/ns/pid").stat().st_ino))
    return " ".join(parts)


def _born(pid: int) -> float:
    """Return the start of a living process, in clock ticks since the boot or as psutil has it; 0 where there is none.

    psutil computes a time of day from the boot's, which moves where the machine's clock is set.
    """
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        return 0.0 if state in "ZX" else float(fields[18])
    except (OSError, ValueError, IndexError):
        if Path("/proc/self/stat").exists():
            return 0.0
    import psutil

    try:
        process = psutil.Process(pid)
        return 0.0 if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return 0.0
