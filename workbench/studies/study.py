"""A study's folder: ``study.json``, written once; all else is read from its runs.

Runs of a study are ordinary run folders named STUDY-01, STUDY-02…, so that two processes which begin the same run at
once make one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from functools import cached_property
from pathlib import Path
from typing import Annotated, BinaryIO, Literal, NamedTuple

import msgspec
from msgspec import Meta

from tasks.base import UsageError, Value
from tasks.shared import files
from tasks.shared.decoding import decode
from workbench.config import spec
from workbench.config.fields import as_typed
from workbench.config.spec import RunSpec, SpecError
from workbench.executors import jobs
from workbench.runs import folder, lock, store
from workbench.runs.comparison import setting_words
from workbench.runs.folder import NotOpened, RunError
from workbench.runs.lock import Lock
from workbench.runs.metadata import RunMetadata
from workbench.runs.run import LIVE, Run
from workbench.runs.store import NameTaken
from workbench.runs.summary import RunSummary, State, read_summary
from workbench.studies.plan import CELL, MOST_RUNS, Plan, value_of
from workbench.studies.space import Search

SCHEMA = 1
WAITING: Literal["waiting"] = "waiting"
MemberState = State | Literal["waiting"]
_LARGEST = 64 << 20  # bytes


class StudyError(RunError):
    """A study cannot be found or used in this way. The message is one plain sentence."""


class StudyUsageError(StudyError, UsageError):
    """Words that were typed do not fit a study."""


class NoSuchStudy(StudyUsageError):
    """A name that was typed is that of no study, or of several."""


class AlreadyQueued(StudyError):
    """A queue works on the study."""


class StudyNotOpened(StudyError):
    """A file of a study is a link, or no regular file."""


class StudyRun(msgspec.Struct, frozen=True):
    """A run in ``study.json``."""

    label: str
    coordinates: dict[str, Value]
    spec: msgspec.Raw

    @property
    def described(self) -> RunSpec:
        """The run's description.

        Raises:
            StudyError: it cannot be read.
        """
        try:
            return spec.from_json(bytes(self.spec))
        except SpecError as error:
            raise StudyError(f"A run of the study, {self.label[:200]}, cannot be read: {error}") from None


class StudyFile(msgspec.Struct, frozen=True, kw_only=True):
    """Content of ``study.json``."""

    schema: Annotated[int, Meta(ge=1)]
    plan: Plan
    runs: Annotated[list[StudyRun], Meta(min_length=1, max_length=MOST_RUNS)]
    lab: str = ""  # name of the lab that it was made of
    quick: bool = False


class Member(NamedTuple):
    """A planned run of a study, and how far it has come."""

    number: int  # from 1
    planned: StudyRun
    run: Run
    state: MemberState
    summary: RunSummary | None = None  # None: not begun


class Study:
    """A study's folder; every property is read from it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.study_file = path / "study.json"
        self.search_file = path / "search.json"
        self.lock_file = path / "lock"
        self.log_file = path / "queue.log"
        self.stop_file = path / "STOP"

    @property
    def id(self) -> str:
        return self.path.name

    @cached_property
    def content(self) -> StudyFile:
        """The study as it was written.

        Raises:
            StudyError: it is missing, damaged or from a newer version.
        """
        try:
            found = decode(folder.read(self.study_file, _LARGEST), StudyFile)
        except OSError as error:
            raise StudyError(f"Study {self.id} cannot be read: {error.strerror} ({self.study_file}).") from None
        except NotOpened as error:
            raise self._not_opened(error) from None
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StudyError(f"{self.study_file} is damaged or from a newer Workbench: {error}.") from None
        if found.schema > SCHEMA:
            raise StudyError(f"Study {self.id} was made by a newer Workbench: update Workbench to open it.")
        return found

    @property
    def created(self) -> float:
        """Time at which it was made, in Unix seconds; 0 where that is not known."""
        try:
            return self.study_file.lstat().st_mtime
        except OSError:
            return 0.0

    @cached_property
    def search(self) -> Search | None:
        """The search that makes the study's runs; ``None`` of a study whose runs are planned.

        Raises:
            StudyError: it is damaged.
        """
        try:
            return decode(folder.read(self.search_file, _LARGEST), Search)
        except FileNotFoundError:
            return None
        except NotOpened as error:
            raise self._not_opened(error) from None
        except (OSError, msgspec.MsgspecError) as error:
            raise StudyError(f"{self.search_file} cannot be read: {error}.") from None

    def set_search(self, search: Search) -> None:
        """Make a search of a study, once, before any of its runs has begun.

        Raises:
            StudyError: it has one, or runs; or several settings are planned; or it cannot be written.
        """
        with closing(self.acquire_lock()):
            self._set_search(search)

    def _set_search(self, search: Search) -> None:
        self.__dict__.pop("search", None)  # another process may have made one meanwhile
        if self.search is not None:
            raise StudyError(f"Study {self.id} is a search already: `workbench study run {self.id}` goes on with it.")
        if len(self.content.runs) != 1:
            raise StudyError(f"A search begins with one setting, and study {self.id} plans {len(self.content.runs)}.")
        if any(member.summary for member in self.members()):
            raise StudyError(f"Study {self.id} has trained its run already: make another study for the search.")
        trials = (self.run_of(number, search.trials) for number in range(1, search.trials + 1))
        if taken := next((run.id for run in trials if folder.holds(run.path)), ""):
            raise StudyError(
                f"There is a run {taken} already, as this search would call a trial: choose another study."
            )
        try:
            files.write(self.search_file, msgspec.json.format(msgspec.json.encode(search), indent=1) + b"\n")
        except OSError as error:
            raise StudyError(f"{self.search_file} cannot be written: {error.strerror}.") from None
        self.__dict__["search"] = search

    def run(self, number: int) -> Run:
        """Return the run of a number from 1, whether it has begun or not."""
        return self.run_of(number, self.search.trials if self.search else len(self.content.runs))

    def run_of(self, number: int, count: int) -> Run:
        """Return the run of a number where the study has ``count`` runs."""
        digits = max(2, len(str(count)))
        return Run(self.path.parent.parent / f"{self.id}-{number:0{digits}d}")

    def members(self, read: Callable[[Run], RunSummary] = read_summary) -> list[Member]:
        """Return every planned run, or every trial that has begun, with its state and figures.

        Args:
            read: summarizes a run; one that is asked again and again may read only what has changed.
        """
        if self.search is not None:
            return [self._trial(number, self.search, read) for number in self._begun(self.search)]
        every = []
        for number, planned in enumerate(self.content.runs, 1):
            run = self.run(number)
            if not folder.holds(run.path):
                every.append(Member(number, planned, run, WAITING))
                continue
            summary = read(run)
            unborn = summary.status == "lost" and not folder.holds(run.events_file)  # its worker is being started
            unborn = unborn and not (summary.job and summary.job.reason)
            every.append(Member(number, planned, run, WAITING if unborn else summary.status, summary))
        return every

    def _begun(self, search: Search) -> list[int]:
        return [number for number in range(1, search.trials + 1) if folder.holds(self.run(number).path)]

    def _trial(self, number: int, search: Search, read: Callable[[Run], RunSummary]) -> Member:
        """Return a trial, with the values that were chosen for it."""
        run = self.run(number)
        summary = read(run)
        described = summary.spec or self.content.runs[0].described
        values: dict[str, Value] = {one.key: value_of(described, one.key) for one in search.space}
        label = ", ".join(setting_words(key, as_typed(value)) for key, value in values.items())
        planned = StudyRun(label, {CELL: described.cell, **values}, msgspec.Raw(described.to_json()))
        return Member(number, planned, run, summary.status, summary)

    def begin(self, number: int, described: RunSpec | None = None, label: str = "") -> Run:
        """Create a run's folder; where another process has, return its run.

        Args:
            described: of a trial, with its label.

        Raises:
            RunError: it cannot be created, its description cannot be read, or the study was deleted meanwhile.
        """
        if not folder.holds(self.study_file):
            raise StudyError(f"Study {self.id} is gone: {self.study_file} was deleted.")
        run = self.run(number)
        if described is None:
            planned = self.content.runs[number - 1]
            described, label = planned.described, planned.label
        with suppress(NameTaken):
            about = RunMetadata(name=label[:200], study=self.id)
            store.create(run.path.parent, described, about, name=run.path.name)
        return run

    def queued(self) -> bool:
        """Return whether a queue works on the study."""
        try:
            return lock.held(self.lock_file)
        except (RunError, OSError):
            return False

    def acquire_lock(self) -> Lock:
        """Lock the study for a queue, and remove an earlier STOP.

        Raises:
            AlreadyQueued: a queue has it.
            StudyNotOpened: its lock is a link, or no regular file.
            StudyError: it cannot be locked.
        """
        try:
            held = lock.acquire(self.lock_file)
        except lock.Held:
            raise AlreadyQueued(f"Study {self.id} is already being run: `workbench study show {self.id}`.") from None
        except OSError as error:
            raise StudyError(f"Study {self.id} cannot be used: {error.strerror} ({self.lock_file}).") from None
        except NotOpened as error:
            raise self._not_opened(error) from None
        try:
            self.stop_file.unlink(missing_ok=True)
        except OSError as error:
            held.close()
            raise StudyError(
                f"Study {self.id} cannot be used: its STOP file cannot be removed: {error.strerror} ({self.stop_file})."
            ) from None
        return held

    def adopt_lock(self, descriptor: int) -> Lock:
        """Take over the lock that the launcher handed on; take it anew where it is another one.

        Raises:
            StudyError: as ``acquire_lock``.
            OSError: the lock cannot be opened.
        """
        return lock.adopt(self.lock_file, descriptor) or self.acquire_lock()

    def open_log(self) -> BinaryIO:
        """Open the log of the queue, to append to it.

        Raises:
            StudyNotOpened: it is a link, or no regular file.
            OSError: it cannot be opened.
        """
        try:
            return folder.open_regular(self.log_file, "ab")
        except NotOpened as error:
            raise self._not_opened(error) from None

    def request_stop(self) -> None:
        """Request that the queue starts nothing more, and that the runs in training save a checkpoint and end.

        Raises:
            StudyError: nothing of it is running, or the request cannot be written.
            ClusterError: a cluster that has runs of it cannot be reached.
        """
        queued = self.queued()
        live = [member.run for member in self.members() if member.state in LIVE]
        if not (queued or live):
            raise StudyError(f"Study {self.id} is not running.")
        try:
            if queued:
                folder.open_regular(self.stop_file, "ab").close()
        except OSError as error:
            raise StudyError(f"Study {self.id} cannot be asked to stop: {error.strerror}.") from None
        except NotOpened as error:
            raise self._not_opened(error) from None
        jobs.request_stops(live)

    def stop_requested(self) -> bool:
        """Return whether the queue was asked to stop."""
        return folder.holds(self.stop_file)

    def _not_opened(self, error: NotOpened) -> StudyNotOpened:
        return StudyNotOpened(f"Study {self.id} is not opened: {error.reason}")
