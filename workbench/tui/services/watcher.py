"""Watching one run: what was written since the last look, and the state that it is in."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from tasks.shared.datasets.progress import MARK
from tasks.views import View
from workbench.runs.events import Event, Started
from workbench.runs.journal import History, Tail
from workbench.runs.store import Run
from workbench.runs.summary import State
from workbench.tui.services.evaluations import Past

Seen = State | Literal["gone"]
_AT_ONCE = 2 << 20  # bytes: so little that reading a long run holds up no key


class Look(NamedTuple):
    """What one look at a run's folder found."""

    status: Seen
    events: list[Event]
    afresh: bool  # its file is another one: what was shown no longer holds
    log_line: str = ""
    told: str = ""  # what the worker said last of something slow that it does
    more: bool = False  # there is more to read, at once; only then is the status known


class Watcher:
    """Follows a run's folder into ``history``. One look at a time, on whatever thread.

    Of the evaluations, the newest alone keeps its views: those of earlier ones are read when they are asked for.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.history = History()
        self._tail = Tail(run.events_file)
        self._past = Past(run.events_file)
        again = run.events_file.exists() and run.events_file.stat().st_size > 0
        self._heard = run.told()[1] if again else 0  # what an earlier life told is old news
        self._told = ""
        self._status: Seen = run.status()

    def look(self) -> Look:
        """Read what is new.

        Raises:
            OSError: the folder cannot be read.
        """
        events, afresh = self._read()
        if self._tail.behind:
            return Look(self._status, events, afresh, more=True)
        if not self.run.path.is_dir():
            return Look("gone", events, afresh)
        status = self._status = self.run.status(self.history)
        if status == "lost":
            # it may have written its end and let go of the lock since the first look
            more, again = self._read()
            events, afresh = events + more, afresh or again
            status = self._status = self.run.status(self.history)
        line = self.run.last_log_line() if status in ("lost", "failed") else ""
        if any(isinstance(event, Started) for event in events):
            self._told = ""
        told, self._heard = self.run.told(self._heard)
        self._told = told[-1].removeprefix(MARK) if told else self._told
        return Look(status, events, afresh, line, self._told)

    def views(self, step: int) -> list[View]:
        """What the evaluation at a step showed.

        Raises:
            OSError: the file cannot be read.
        """
        found = self._past.evaluation(step)
        return found.views if found else []

    def _read(self) -> tuple[list[Event], bool]:
        events, restarted = self._tail.read(_AT_ONCE)
        if restarted:
            self.history.clear()
            self._past = Past(self.run.events_file)
        self.history.extend(events)
        evals = self.history.evals
        index = len(evals) - 2
        while index >= 0 and evals[index].views:
            evals[index] = msgspec.structs.replace(evals[index], views=[])
            index -= 1
        if evals and not evals[-1].views and any(isinstance(event, Started) for event in events):
            evals[-1] = msgspec.structs.replace(evals[-1], views=self.views(evals[-1].step))
        return events, restarted
