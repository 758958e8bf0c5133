"""Summaries of all runs of a folder; a run is read again only where its files changed."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

from workbench.config import spec
from workbench.config.spec import RunSpec, SpecError
from workbench.runs.history import LatestEvents
from workbench.runs.run import ENDED, Run
from workbench.runs.summary import RunSummary, read_and_summarize, unreadable_summary
from workbench.tui.services.unreadable import UNREADABLE

_ENDED_EVERY = 2  # scans of the folder for one of the runs that have ended
_SPEC = 2  # place of the description's among a run's file stats
_Stat = tuple[int, int, int] | None


class RunMonitor:
    """One run's summary, kept up to date."""

    def __init__(self, path: Path) -> None:
        self._run = Run(path)
        self._latest = LatestEvents(self._run.events_file)
        self._state: tuple[object, ...] = ()  # file stats, lock and stop request at the last reading
        self.summary: RunSummary | None = None
        self.order: tuple[float, str] = (0.0, "")  # creation time and id

    @property
    def ended(self) -> bool:
        """True if the run finished, stopped or failed; a worker that takes the lock may still resume it."""
        return self.summary is not None and self.summary.status in ENDED

    def look(self) -> RunSummary | None:
        """Return the run's present summary; ``None`` where there is no such run."""
        try:
            return self._look()
        except UNREADABLE as error:
            self._state, self.order = (), (0.0, self._run.id)  # it is read again at the next look
            self.summary = unreadable_summary(self._run, error)
            return self.summary

    def _look(self) -> RunSummary | None:
        run = self._run
        state: tuple[object, ...] = (file_stat(run.lock_file), file_stat(run.metadata_file))
        if not self.ended:
            state += (file_stat(run.spec_file), file_stat(run.events_file), run.alive(), run.stop_file.exists())
            state += (file_stat(run.job_file),)
            if state[_SPEC] is None:
                return None
        if state == self._state:
            return self.summary
        if self._state and state[_SPEC:][:1] != self._state[_SPEC:][:1]:
            self._run = Run(run.path)  # its description is cached
        _, self.summary = read_and_summarize(self._run, self._latest.read)
        self.order = (self._run.created, self._run.id)
        self._state = state[:_SPEC] if self.ended else state
        return self.summary


class Catalogue:
    """Monitors of the runs of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._monitors: dict[str, RunMonitor] = {}
        self._scans = 0
        self._one_scan = threading.Lock()

    def scan(self) -> list[RunSummary]:
        """Return the present summaries, the newest run first; a run whose files have not changed is not read again.

        Raises:
            OSError: the folder cannot be read.
        """
        with self._one_scan:
            names: list[str] = []
            with suppress(FileNotFoundError), os.scandir(self.folder) as entries:
                names = [entry.name for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
            monitors = {name: self._monitors.get(name) or RunMonitor(self.folder / name) for name in names}
            self._scans += 1
            for monitor in monitors.values():
                if not monitor.ended or self._scans % _ENDED_EVERY == 0:
                    monitor.look()
            self._monitors = {name: monitor for name, monitor in monitors.items() if monitor.summary}
            every = sorted(self._monitors.values(), key=lambda monitor: monitor.order, reverse=True)
            return [monitor.summary for monitor in every if monitor.summary]


def changed(described: RunSpec) -> dict[str, object]:
    """Return the settings that differ from the task's defaults; none where the run's cell is missing."""
    try:
        return spec.changed(described)
    except SpecError:
        return {}


def file_stat(file: Path) -> _Stat:
    """Return what changes whenever a file is written or replaced; ``None`` where there is none."""
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
