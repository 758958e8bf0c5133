"""A study's folder: ``study.json``, written once; all else is read from its runs.

Runs of a study are ordinary run folders named STUDY-01, STUDY-02…, so that two processes which begin the same run at
once make one.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from tasks.base import Value
from tasks.shared import files
from tasks.shared.decoding import decode
from workbench.config import spec
from workbench.config.fields import as_typed
from workbench.config.spec import RunSpec
from workbench.runs import folder, lock, metadata, store
from workbench.runs.comparison import setting_words
from workbench.runs.folder import RunError
from workbench.runs.lock import Lock
from workbench.runs.metadata import RunMetadata
from workbench.runs.run import LIVE, Run
from workbench.runs.store import NameTaken
from workbench.runs.summary import RunSummary, State, read_summary
from workbench.studies.plan import CELL, Plan, PlannedRun, value_of
from workbench.studies.space import Search

FOLDER = "studies"
SCHEMA = 1
WAITING: Literal["waiting"] = "waiting"
MemberState = State | Literal["waiting"]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}\Z")
_LARGEST = 64 << 20  # bytes


class StudyError(RunError):
    """A study cannot be found or used in this way. The message is one plain sentence."""


class NoSuchStudy(StudyError):
    """A name that was typed is that of no study, or of several."""


class StudyRun(msgspec.Struct, frozen=True):
    """A run in ``study.json``."""

    label: str
    coordinates: dict[str, Value]
    spec: msgspec.Raw

    @property
    def described(self) -> RunSpec:
        """The run's description. Raises: SpecError: it cannot be read."""
        return spec.from_json(bytes(self.spec))


class StudyFile(msgspec.Struct, frozen=True, kw_only=True):
    """Content of ``study.json``."""

    schema: Annotated[int, Meta(ge=1)]
    plan: Plan
    runs: list[StudyRun]
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
        except (OSError, msgspec.MsgspecError) as error:
            raise StudyError(f"{self.search_file} cannot be read: {error}.") from None

    def set_search(self, search: Search) -> None:
        """Make a search of a study, once, before any of its runs has begun.

        Raises:
            StudyError: it has one, or runs; or several settings are planned; or it cannot be written.
        """
        if self.search is not None:
            raise StudyError(f"Study {self.id} is a search already: `workbench study run {self.id}` goes on with it.")
        if len(self.content.runs) != 1:
            raise StudyError(f"A search begins with one setting, and study {self.id} plans {len(self.content.runs)}.")
        if any(member.summary for member in self.members()):
            raise StudyError(f"Study {self.id} has trained its run already: make another study for the search.")
        try:
            files.write(self.search_file, msgspec.json.format(msgspec.json.encode(search), indent=1) + b"\n")
        except OSError as error:
            raise StudyError(f"{self.search_file} cannot be written: {error.strerror}.") from None
        self.__dict__["search"] = search

    def run(self, number: int) -> Run:
        """Return the run of a number from 1, whether it has begun or not."""
        count = self.search.trials if self.search else len(self.content.runs)
        return Run(self.path.parent.parent / f"{self.id}-{number:0{max(2, len(str(count)))}d}")

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
            every.append(Member(number, planned, run, summary.status, summary))
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
            RunError: it cannot be created.
            SpecError: its description cannot be read.
        """
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
        """Lock the study for a queue.

        Raises:
            StudyError: another queue has it, or it cannot be locked.
        """
        try:
            held = lock.acquire(self.lock_file)
        except lock.Held:
            raise StudyError(f"Study {self.id} is already being run: `workbench study show {self.id}`.") from None
        except OSError as error:
            raise StudyError(f"Study {self.id} cannot be used: {error.strerror} ({self.lock_file}).") from None
        with suppress(OSError):
            self.stop_file.unlink(missing_ok=True)
        return held

    def adopt_lock(self, descriptor: int) -> Lock:
        """Take over the lock that the launcher handed on; take it anew where it is another one.

        Raises:
            StudyError: as ``acquire_lock``.
            OSError: the lock cannot be opened.
        """
        return lock.adopt(self.lock_file, descriptor) or self.acquire_lock()

    def request_stop(self) -> None:
        """Request that the queue starts nothing more, and that the runs in training save a checkpoint and end.

        Raises:
            StudyError: nothing of it is running, or the request cannot be written.
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
        for run in live:
            with suppress(RunError):  # it may have ended by now
                run.request_stop()

    def stop_requested(self) -> bool:
        """Return whether the queue was asked to stop."""
        return folder.holds(self.stop_file)


def create(
    runs_folder: Path, name: str, plan: Plan, runs: Sequence[PlannedRun], *, lab: str = "", quick: bool = False
) -> Study:
    """Create a study's folder with its ``study.json``, whole or not at all.

    Raises:
        StudyError: the name is none, or taken by a study or by runs; or the folder cannot be written.
    """
    if not _NAME.match(name):
        raise StudyError(f"A study cannot be called {name!r}: use letters, digits, dots, dashes and underscores.")
    study = Study(runs_folder / FOLDER / name)
    if folder.holds(study.path):
        raise StudyError(f"There is a study {name} already: `workbench study run {name}` goes on with it.")
    content = StudyFile(
        schema=SCHEMA,
        plan=plan,
        runs=[StudyRun(run.label, run.coordinates, msgspec.Raw(run.described.to_json())) for run in runs],
        lab=lab,
        quick=quick,
    )
    study.__dict__["content"] = content
    if taken := next((run.id for run in map(study.run, range(1, len(runs) + 1)) if folder.holds(run.path)), ""):
        raise StudyError(f"There is a run {taken} already, as this study would call its own: choose another name.")
    fresh = study.path.with_name(f".new-{time.monotonic_ns()}")
    try:
        fresh.mkdir(parents=True)
        files.write(fresh / study.study_file.name, msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")
        fresh.rename(study.path)
        files.sync_folder(study.path.parent)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise StudyError(f"The study cannot be kept in {study.path}: {error.strerror}.") from None
    return study


def listing(runs_folder: Path) -> list[Study]:
    """Return the studies of a runs folder, the newest first.

    Raises:
        StudyError: the folder cannot be read.
    """
    place = runs_folder / FOLDER
    try:
        paths = [path for path in place.iterdir() if not path.name.startswith(".")]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StudyError(f"The studies in {place} cannot be read: {error.strerror}.") from None
    every = [Study(path) for path in paths if folder.holds(path / "study.json")]
    return sorted(every, key=lambda study: (study.created, study.id), reverse=True)


def find(name: str, runs_folder: Path) -> Study:
    """Find a study by its name, a unique prefix of it, or ``last``.

    Raises:
        NoSuchStudy: there is none, or several.
    """
    every = listing(runs_folder)
    if not every:
        raise NoSuchStudy(f"There are no studies in {runs_folder}: `workbench study new NAME names` makes one.")
    if name == "last":
        return every[0]
    matching = [study for study in every if study.id == name] or [s for s in every if name and s.id.startswith(name)]
    if len(matching) == 1:
        return matching[0]
    known = ", ".join(study.id for study in (matching or every)[:6])
    if matching:
        raise NoSuchStudy(f"{name!r} is the beginning of {len(matching)} studies: {known}. Type more of it.")
    raise NoSuchStudy(f"There is no study {name!r}: there are {known}.")


def remove(study: Study, *, keep_runs: bool = False) -> int:
    """Delete a study and its runs.

    Args:
        keep_runs: leave them where they are.

    Returns:
        the number of runs that were deleted.

    Raises:
        RunError: it is running, or cannot be deleted.
    """
    held = study.acquire_lock()
    try:
        members = study.members()
        if any(member.state in LIVE for member in members):
            raise StudyError(f"Study {study.id} is running: `workbench study stop {study.id}` first.")
        mine = [member.run for member in members if member.summary and metadata.read(member.run).study == study.id]
        for run in mine if not keep_runs else []:
            store.remove(run)
        shutil.rmtree(study.path)
    except OSError as error:
        raise StudyError(f"Study {study.id} could not be deleted: {error.strerror}.") from None
    finally:
        held.close()
    return 0 if keep_runs else len(mine)
