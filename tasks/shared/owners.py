"""Owner of a file where ``flock`` tells too little: machine, process and a heartbeat, written in the file. No torch."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

import msgspec

HEARTBEAT_SECONDS = 5.0
SILENT_SECONDS = 60.0  # without a heartbeat, after which a process on another machine counts as dead


class Owner(msgspec.Struct, frozen=True):
    """Process that holds a file."""

    machine: str  # its name, boot and process-id namespace
    pid: int
    born: float  # start of the process, as its machine counts: a process id is given again
    since: float  # Unix seconds
    heartbeat: float  # Unix seconds

    @property
    def here(self) -> bool:
        """True of a process of this machine, as far as this process sees those."""
        return self.machine == _machine()

    @property
    def host(self) -> str:
        """Name of its machine."""
        return self.machine.partition(" ")[0]

    def alive(self) -> bool:
        """Return whether the process lives: as this machine knows, else by its heartbeat."""
        if self.here:
            return 0 < self.born == _born(self.pid)
        return abs(time.time() - self.heartbeat) < SILENT_SECONDS


def read(descriptor: int) -> Owner | None:
    """Return the owner that a file names; ``None`` where it names none.

    Raises:
        OSError: it cannot be read.
    """
    try:
        return msgspec.json.decode(os.pread(descriptor, 4096, 0), type=Owner)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def write(descriptor: int, pid: int, since: float | None = None) -> None:
    """Write a process of this machine as a file's owner, with a heartbeat of now.

    Args:
        since: Unix seconds since which it holds the file; none: now.

    Raises:
        OSError: it cannot be written.
    """
    now = time.time()
    owner = Owner(_machine(), pid, _born(pid), now if since is None else since, now)
    content = msgspec.json.encode(owner) + b"\n"
    os.pwrite(descriptor, content, 0)
    os.ftruncate(descriptor, len(content))


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
