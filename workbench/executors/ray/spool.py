"""Spool of a Ray cluster: runs that were handed over, in ``RUNS/.ray/CLUSTER``, and the driver that has them. No torch.

``lock`` is held by the driver as long as it lives; ``gate`` by whoever hands over runs, judges whether the driver is
dead, or ends as the driver, so that a driver never ends past a run that is just being handed over. An entry of
``spool`` stands for a run's live job until that has ended.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from tasks.shared import files
from workbench.executors.clusters import ClusterError, RayCluster
from workbench.runs import folder, launch, lock
from workbench.runs.launch import LOCK_FD
from workbench.runs.lock import Lock

DRIVER = "workbench.executors.ray.driver"
_GATE_SECONDS = 60.0  # for which one waits for another that hands over runs
_PAUSE = 0.02
_LARGEST = 1 << 20  # bytes of an entry
_LARGEST_LOG = 2 << 20  # bytes; the one before is kept beside it
_SUFFIX, _STOP = ".json", ".stop"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Run that was handed over, as its job is to be."""

    run: str  # the folder's name
    job: str  # its id
    cluster: RayCluster  # as it was described then
    group: str = ""  # of the runs that were handed over together
    at_once: int = 0  # of its group; 0: as many as the cluster lets
    environment: Mapping[str, str] = {}  # of the worker, where the node has no such variable


class Spool:
    """Folder of the runs that a cluster's driver has.

    Args:
        runs: the runs' folder.
        cluster: its name.
    """

    def __init__(self, runs: Path, cluster: str) -> None:
        self.runs, self.cluster = runs, cluster
        self.path = runs / ".ray" / cluster
        self.lock_file = self.path / "lock"
        self.log_file = self.path / "driver.log"
        self.trouble_file = self.path / "trouble"  # a sentence: why the cluster was not reached last
        self.connected_file = self.path / "connected"  # touched when it was reached
        self._entries = self.path / "spool"
        self._gate = self.path / "gate"
        self._read: dict[str, Entry] = {}

    def make(self) -> None:
        """Make the folder.

        Raises:
            OSError: it cannot be written.
        """
        self._entries.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def gate(self, seconds: float = _GATE_SECONDS) -> Iterator[None]:
        """Keep everyone else from handing over runs, ending as the driver, or judging it.

        Raises:
            ClusterError: another has it for longer than ``seconds``.
        """
        end = time.monotonic() + seconds
        while True:
            try:
                held = lock.acquire(self._gate)
                break
            except lock.Held:
                if time.monotonic() >= end:
                    raise ClusterError(
                        f"Another process hands runs to {self.cluster} for more than {seconds:.0f} seconds: try again."
                    ) from None
                time.sleep(_PAUSE)
        try:
            yield
        finally:
            held.close()

    def driven(self) -> bool:
        """Return whether a driver lives."""
        return lock.held(self.lock_file)

    def add(self, entries: Sequence[Entry]) -> None:
        """Add entries, behind those that are there.

        Raises:
            OSError: they cannot be written; some may be there.
        """
        now = time.time_ns()
        for number, entry in enumerate(entries):
            files.write(self._entries / f"{now + number:020d}-{entry.job}{_SUFFIX}", msgspec.json.encode(entry))

    def entries(self) -> list[Entry]:
        """Return the entries in the order in which they came; one that cannot be read is left out."""
        names = sorted(name for name in self._names() if name.endswith(_SUFFIX))
        read = {}
        for name in names:
            with suppress(OSError, folder.RunError, msgspec.MsgspecError):
                read[name] = self._read.get(name) or msgspec.json.decode(
                    folder.read(self._entries / name, _LARGEST), type=Entry
                )
        self._read = read
        return list(read.values())

    def jobs(self) -> set[str]:
        """Return the ids of the jobs that have an entry."""
        return {name.removesuffix(_SUFFIX).rpartition("-")[2] for name in self._names() if name.endswith(_SUFFIX)}

    def remove(self, job: str) -> None:
        """Remove a job's entry, and what was asked of it."""
        for name in self._names():
            if name in (f"{job}{_STOP}",) or name.endswith(f"-{job}{_SUFFIX}"):
                with suppress(OSError):
                    (self._entries / name).unlink()

    def ask_to_stop(self, job: str) -> None:
        """Ask the driver to take a job from the cluster, or to stop it.

        Raises:
            OSError: it cannot be written.
        """
        (self._entries / f"{job}{_STOP}").touch()

    def asked_to_stop(self, job: str) -> bool:
        """Return whether a job is to be stopped."""
        return folder.holds(self._entries / f"{job}{_STOP}")

    def start_driver(self) -> bool:
        """Start a driver in a session of its own, unless one lives; the gate is held by the caller.

        Returns:
            whether one was started.

        Raises:
            OSError: it cannot be.
        """
        try:
            held = lock.acquire(self.lock_file)
        except lock.Held:
            return False
        try:
            bound_log(self.log_file)
            with folder.open_regular(self.log_file, "ab") as log:
                launch.start_with_lock([DRIVER, str(self.runs), self.cluster], held, log, os.environ)
            return True
        finally:
            held.close()

    def adopt_lock(self) -> Lock | None:
        """Take over the lock that the launcher handed on; ``None`` where another driver has it.

        Raises:
            RunError, OSError: it cannot be opened.
        """
        handed = os.environ.pop(LOCK_FD, "")
        held = lock.adopt(self.lock_file, int(handed)) if handed.isdecimal() else None
        with suppress(lock.Held):
            return held or lock.acquire(self.lock_file)
        return None

    def _names(self) -> list[str]:
        try:
            return os.listdir(self._entries)  # noqa: PTH208
        except FileNotFoundError:
            return []


def bound_log(log: Path) -> None:
    """Keep a log that has grown large as the one before it, and let it begin anew; who appends to it goes on."""
    with suppress(OSError):
        if log.stat().st_size > _LARGEST_LOG:
            files.write(log.with_name(f"{log.name}.1"), log.read_bytes()[-_LARGEST_LOG:])
            os.truncate(log, 0)
