"""Watcher of one run's folder: its new events, its status, and the worker's last report."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from tasks.shared.datasets.progress import PROGRESS_MARK
from tasks.views import View
from workbench.runs.evaluations import EvaluationIndex
from workbench.runs.events import Event, Probe, Started
from workbench.runs.history import History, LatestEvents
from workbench.runs.job import Job
from workbench.runs.journal import Tail
from workbench.runs.run import Run
from workbench.runs.summary import State

Seen = State | Literal["gone"]
_AT_ONCE = 2 << 20  # bytes of events for one look: parsing them delays no key


class Look(NamedTuple):
    """Result of one look at a run's folder."""

    status: Seen
    events: list[Event]
    restarted: bool  # the events file was replaced or cut: what was shown no longer holds
    log_line: str = ""
    report: str = ""  # the worker's last line on a slow task, such as a download
    job: Job | None = None  # of the cluster that has or had it
    more: bool = False  # there is more to read at once; the status is not known before it is read


class Watcher:
    """Reads a run's folder into ``history``. One look at a time, on any thread.

    The newest evaluation alone keeps its views: ``views`` reads those of earlier ones from the file. Of the steps the
    last one is kept; each look returns the new ones.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.history = History()
        self._tail = Tail(run.events_file)
        self._evaluations = EvaluationIndex(run.events_file)
        again = run.events_file.exists() and run.events_file.stat().st_size > 0
        self._report_offset = run.log_size() if again else 0  # past the reports of an earlier life
        self._report = ""
        self._status: Seen = run.status()

    def latest(self) -> tuple[Seen, History] | None:
        """Read status and figures back from the end of a long file, before ``look`` reads all; ``None``: it is short.

        Raises:
            OSError: the folder cannot be read.
        """
        events = self.run.events_file
        if not events.exists() or events.stat().st_size <= _AT_ONCE:
            return None
        history = LatestEvents(events).read()
        return self.run.status(history), history

    def look(self) -> Look:
        """Read the new events and derive the status.

        Raises:
            OSError: the folder cannot be read.
        """
        events, restarted = self._read()
        if self._tail.behind:
            return Look(self._status, events, restarted, more=True)
        if not self.run.path.is_dir():
            return Look("gone", events, restarted)
        status = self._status = self.run.status(self.history)
        if status == "lost":
            # it may have written its end and let go of the lock since the first look
            more, again = self._read()
            events, restarted = events + more, restarted or again
            status = self._status = self.run.status(self.history)
        line = self.run.last_log_line() if status in ("lost", "failed") else ""
        if Started in map(type, events):
            self._report = ""
        reports, self._report_offset = self.run.progress_lines(self._report_offset)
        self._report = reports[-1].removeprefix(PROGRESS_MARK) if reports else self._report
        return Look(status, events, restarted, line, self._report, self.run.job)

    def views(self, step: int) -> list[View]:
        """Return the views of the evaluation at a step; none where the file no longer holds it.

        Raises:
            OSError: the file cannot be read.
        """
        evaluation = self._evaluations.evaluation(step)
        return evaluation.views if evaluation else []

    def probe(self, step: int) -> Probe | None:
        """Return the gradient through time at the evaluation of a step; ``None`` where it was not measured then.

        Raises:
            RunError, OSError: the file cannot be read.
        """
        kept = next((probe for probe in self.history.probes if probe.step == step), None)
        return kept or self._evaluations.probe(step)

    def _read(self) -> tuple[list[Event], bool]:
        events, restarted = self._tail.read(_AT_ONCE)
        if restarted:
            self.history.clear()
            self._evaluations = EvaluationIndex(self.run.events_file)
        self.history.extend(events)
        evals = self.history.evals
        self.history.drop_shown()
        del self.history.steps[:-1]  # the charts keep their own figures
        if evals and not evals[-1].views and Started in map(type, events):
            evals[-1] = msgspec.structs.replace(evals[-1], views=self.views(evals[-1].step))
            newest = self.probe(evals[-1].step)
            if newest is not None and newest not in self.history.probes:
                self.history.probes.append(newest)
        return events, restarted
