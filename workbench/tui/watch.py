"""Watching one run: what was written since the last look, and the state that it is in."""

from __future__ import annotations

from typing import NamedTuple

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


class Watcher:
    """Follows a run's folder into ``history``. One look at a time, on whatever thread."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.history = History()
        self._tail = Tail(run.events_file)

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
        return Look(status, events, afresh, line)

    def _read(self) -> tuple[list[Event], bool]:
        events, restarted = self._tail.read()
        if restarted:
            self.history.clear()
        self.history.extend(events)
        return events, restarted or any(isinstance(event, Started) for event in events)
