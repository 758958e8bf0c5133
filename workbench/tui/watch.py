"""Watching one run: what was written since the last look, and the state that it is in."""

from __future__ import annotations

from typing import NamedTuple

from tasks.common.telling import MARK
from workbench.events import Event, Started
from workbench.journal import History, Tail
from workbench.runs import Run
from workbench.tui.status import Seen


class Look(NamedTuple):
    """What one look at a run's folder found."""

    status: Seen
    events: list[Event]
    afresh: bool  # drawn curves no longer hold: the run was resumed or its file is another one
    log_line: str = ""
    told: str = ""  # what the worker said last of something slow that it does


class Watcher:
    """Follows a run's folder into ``history``. One look at a time, on whatever thread."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.history = History()
        self._tail = Tail(run.events_file)
        again = run.events_file.exists() and run.events_file.stat().st_size > 0
        self._heard = run.told()[1] if again else 0  # what an earlier life told is old news
        self._told = ""

    def look(self) -> Look:
        """Read what is new.

        Raises:
            OSError: the folder cannot be read.
        """
        events, afresh = self._read()
        if not self.run.path.is_dir():
            return Look("gone", events, afresh)
        status = self.run.status(self.history)
        if status == "lost":  # it may have written its end and let go of the lock since the first look
            more, again = self._read()
            events, afresh = events + more, afresh or again
            status = self.run.status(self.history)
        line = self.run.last_log_line() if status in ("lost", "failed") else ""
        if any(isinstance(event, Started) for event in events):
            self._told = ""
        told, self._heard = self.run.told(self._heard)
        self._told = told[-1].removeprefix(MARK) if told else self._told
        return Look(status, events, afresh, line, self._told)

    def _read(self) -> tuple[list[Event], bool]:
        events, restarted = self._tail.read()
        if restarted:
            self.history.clear()
        self.history.extend(events)
        return events, restarted or any(isinstance(event, Started) for event in events)
