"""Summaries that are kept up to date: a run is read again only where its files changed. No torch."""

from __future__ import annotations

from pathlib import Path

from workbench.runs.folder import RunError
from workbench.runs.history import LatestEvents
from workbench.runs.run import ENDED, Run
from workbench.runs.summary import RunSummary, read_and_summarize, read_summary, unreadable_summary

_SPEC = 3  # place of the description's among a run's file stats
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
        """True if the run finished, stopped or failed; a worker that takes the lock, or a job, may still resume it."""
        return self.summary is not None and self.summary.status in ENDED

    def look(self) -> RunSummary | None:
        """Return the run's present summary; ``None`` where there is no such run."""
        try:
            return self._look()
        except (OSError, RunError) as error:
            self._state, self.order = (), (0.0, self._run.id)  # it is read again at the next look
            self.summary = unreadable_summary(self._run, error)
            return self.summary

    def _look(self) -> RunSummary | None:
        run = self._run
        state: tuple[object, ...] = (*map(file_stat, (run.lock_file, run.metadata_file, run.job_file)),)
        if not self.ended:
            state += (file_stat(run.spec_file), file_stat(run.events_file), run.alive(), run.stop_file.exists())
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


class RunMonitors:
    """Reader of summaries, for who asks about the same runs again and again: a monitor each."""

    def __init__(self) -> None:
        self._monitors: dict[Path, RunMonitor] = {}

    def __call__(self, run: Run) -> RunSummary:
        monitor = self._monitors.get(run.path)
        if monitor is None:
            monitor = self._monitors[run.path] = RunMonitor(run.path)
        return monitor.look() or read_summary(run)


def file_stat(file: Path) -> _Stat:
    """Return what changes whenever a file is written or replaced; ``None`` where there is none."""
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
