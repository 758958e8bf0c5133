"""Summaries of the studies of a folder; a run is read again only where its files changed. Call it on a thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tasks.base import PlainError
from workbench.runs.monitor import RunMonitors, file_stat
from workbench.runs.run import LIVE
from workbench.runs.summary import UNKNOWN, UNREADABLE
from workbench.studies import overview, store
from workbench.studies.queue import UNDONE
from workbench.studies.study import WAITING, Member, Study

_OTHERS_EVERY = 5  # scans for one of the studies that are neither chosen nor running
RUNNING, STOPPING, QUEUED = "running", "stopping", "queued"


class StudySummary(NamedTuple):
    """State of a study, and its runs."""

    study: Study
    state: str
    members: Sequence[Member] = ()
    planned: int = 0
    task: str = UNKNOWN
    lab: str = ""
    quick: bool = False
    title: str = ""
    queued: bool = False  # a queue works on it
    message: str = ""  # why it cannot be read

    @property
    def id(self) -> str:
        return self.study.id

    @property
    def counts(self) -> dict[str, int]:
        """The number of runs in each state, those that train together; trials that have not begun are waiting."""
        words = [
            RUNNING if member.state in LIVE and member.state != QUEUED else member.state for member in self.members
        ]
        words += [WAITING] * (self.planned - len(words))
        return Counter(words)

    @property
    def finished(self) -> int:
        return self.counts.get("finished", 0)

    @property
    def live(self) -> bool:
        """True if a queue works on it, or one of its runs trains or waits for a cluster."""
        return self.queued or any(member.state in LIVE for member in self.members)

    @property
    def startable(self) -> bool:
        """True if it has runs that a queue would start, and none works on it."""
        due = any(member.state in UNDONE for member in self.members) or len(self.members) < self.planned
        return due and not self.queued and self.state != "finished"  # a search's stopped trials were pruned


class StudyMonitor:
    """One study's summary, kept up to date."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self._runs = RunMonitors()
        self.summary = StudySummary(study, "new")

    def look(self) -> StudySummary:
        """Return the study's present summary; one that cannot be read is described as that."""
        try:
            self.summary = self._look()
        except PlainError as error:
            self.summary = StudySummary(self.study, UNREADABLE, message=str(error))
        except OSError as error:
            reason = f"Study {self.study.id} cannot be read: {error.strerror or error}."
            self.summary = StudySummary(self.study, UNREADABLE, message=reason)
        return self.summary

    def _look(self) -> StudySummary:
        study, content = self.study, self.study.content
        members = study.members(self._runs)
        queued = study.queued()
        state = (
            RUNNING
            if queued
            else overview.state_of([member.state for member in members], study.search.trials if study.search else 0)
        )
        return StudySummary(
            study,
            STOPPING if queued and study.stop_requested() else state,
            members,
            study.search.trials if study.search else len(members),
            content.plan.task,
            content.lab,
            content.quick,
            content.plan.title,
            queued,
        )


class StudyCatalogue:
    """Monitors of the studies of a runs folder."""

    def __init__(self, runs_folder: Path) -> None:
        self._folder = runs_folder
        self._monitors: dict[str, tuple[object, StudyMonitor]] = {}
        self._scans = 0

    def scan(self, chosen: str) -> list[StudySummary]:
        """Return the present summaries, the newest study first.

        Args:
            chosen: id of the study that is read at every scan, as those that run are; the others less often.

        Raises:
            StudyError: the folder cannot be read.
        """
        found: dict[str, tuple[object, StudyMonitor]] = {}
        all_of_them = self._scans % _OTHERS_EVERY == 0
        self._scans += 1
        for study in store.listing(self._folder):
            written = file_stat(study.study_file), file_stat(study.search_file)
            known = self._monitors.get(study.id)
            fresh = known is None or known[0] != written
            monitor = StudyMonitor(study) if known is None or fresh else known[1]
            if fresh or all_of_them or study.id == chosen or monitor.summary.live:
                monitor.look()
            found[study.id] = written, monitor
        self._monitors = found
        return [monitor.summary for _, monitor in found.values()]
