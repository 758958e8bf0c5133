"""Runs that this application started or showed; leaving asks about those that still train."""

from __future__ import annotations

from pathlib import Path
from subprocess import Popen

from workbench.runs.run import Run


class OwnedRuns:
    """The runs, and the worker processes that were started here: these are polled, so that none stays a zombie."""

    def __init__(self) -> None:
        self._known: dict[Path, Run] = {}
        self._processes: list[Popen[bytes]] = []

    def add(self, run: Run, process: Popen[bytes] | None = None) -> None:
        """Remember a run, and its worker where it was started here."""
        self._known[run.path] = run
        if process is not None:
            self.add_process(process)

    def add_process(self, process: Popen[bytes]) -> None:
        """Remember a process that was started here and is no run's, such as the queue of a study."""
        self._processes.append(process)

    def live(self) -> list[Run]:
        """Return the runs that are training now."""
        self._processes = [process for process in self._processes if process.poll() is None]
        return [run for run in self._known.values() if run.trains()]

    def live_here(self) -> list[Run]:
        """Return those of them that no cluster trains: a cluster's go on whatever becomes of this machine."""
        return [run for run in self.live() if not ((job := run.job) and job.live)]
