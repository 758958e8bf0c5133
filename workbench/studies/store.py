"""The studies of a runs folder: create, list, find and remove them. No torch."""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from tasks.shared import files
from workbench.config.suggestions import nearest
from workbench.runs import folder, metadata, store
from workbench.runs.folder import RunError
from workbench.runs.locations import LATEST
from workbench.runs.run import LIVE, Run
from workbench.studies.plan import Plan, PlannedRun
from workbench.studies.study import (
    SCHEMA,
    NoSuchStudy,
    Study,
    StudyError,
    StudyFile,
    StudyNotOpened,
    StudyRun,
    StudyUsageError,
)

FOLDER = "studies"
_NAMED = 6  # studies that an error names
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}\Z")
_TAKEN = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}  # a folder that holds something is never replaced


def check_free(runs_folder: Path, name: str, runs: int) -> None:
    """Check that a new study can have a name.

    Args:
        runs: number of its runs.

    Raises:
        StudyUsageError: it is no name.
        StudyError: a study has it, or runs have those that the study's own would have.
    """
    if not _NAME.match(name):
        raise StudyUsageError(
            f"A study cannot be called {name!r}: use letters a to z, digits, dots, dashes and underscores, at most 80."
        )
    if name == LATEST:
        raise StudyUsageError(f"A study cannot be called {name!r}, which stands for the newest one: name it otherwise.")
    study = Study(runs_folder / FOLDER / name)
    if folder.holds(study.path):
        raise _taken(study)
    own = (study.run_of(number, runs) for number in range(1, runs + 1))
    if taken := next((run.id for run in own if folder.holds(run.path)), ""):
        raise StudyError(f"There is a run {taken} already, as this study would call its own: choose another name.")


def _taken(study: Study) -> StudyError:
    if folder.holds(study.study_file):
        return StudyError(f"There is a study {study.id} already: `workbench study run {study.id}` goes on with it.")
    return StudyError(f"There is {study.path} already, which is no study: choose another name, or remove it.")


def create(
    runs_folder: Path, name: str, plan: Plan, runs: Sequence[PlannedRun], *, lab: str = "", quick: bool = False
) -> Study:
    """Create a study's folder with its ``study.json``, whole or not at all.

    Raises:
        StudyError: as ``check_free``, or the folder cannot be written.
    """
    check_free(runs_folder, name, len(runs))
    study = Study(runs_folder / FOLDER / name)
    content = StudyFile(
        schema=SCHEMA,
        plan=plan,
        runs=[StudyRun(run.label, run.coordinates, msgspec.Raw(run.described.to_json())) for run in runs],
        lab=lab,
        quick=quick,
    )
    fresh = study.path.with_name(f".new-{os.getpid()}-{time.monotonic_ns()}")
    try:
        fresh.mkdir(parents=True)
        files.write(fresh / study.study_file.name, msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")
        fresh.rename(study.path)
        files.sync_folder(study.path.parent)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        if error.errno in _TAKEN and folder.holds(study.path):  # another process was faster
            raise _taken(study) from None
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
    if name == LATEST:
        return every[0]
    matching = [study for study in every if study.id == name] or [s for s in every if name and s.id.startswith(name)]
    if len(matching) == 1:
        return matching[0]
    known = ", ".join(study.id for study in (matching or every)[:_NAMED])
    more = f" and {len(matching or every) - _NAMED} more" if len(matching or every) > _NAMED else ""
    if matching:
        raise NoSuchStudy(f"{name!r} is the beginning of {len(matching)} studies: {known}{more}. Type more of it.")
    if near := nearest(name, [study.id for study in every]):
        raise NoSuchStudy(f"There is no study {name!r}: did you mean {near!r}?")
    raise NoSuchStudy(f"There is no study {name!r}: there are {known}{more}.")


def remove(study: Study, *, keep_runs: bool = False) -> int:
    """Delete a study and its runs; of a study that is a link, the link, and of a damaged one no run.

    Args:
        keep_runs: leave them where they are.

    Returns:
        the number of runs that were deleted.

    Raises:
        RunError: it is running, or cannot be deleted.
    """
    held = None
    with suppress(StudyNotOpened):  # a stranger's: no queue of this program works on it
        held = study.acquire_lock()
    try:
        mine = own_runs(study)
        for run in mine if not keep_runs else []:
            store.remove(run)
        if study.path.is_symlink():
            study.path.unlink()
        else:
            gone = study.path.with_name(f".gone-{os.getpid()}-{study.id}")
            study.path.rename(gone)
            shutil.rmtree(gone)
    except OSError as error:
        raise StudyError(f"Study {study.id} could not be deleted: {error.strerror}.") from None
    finally:
        if held:
            held.close()
    return 0 if keep_runs else len(mine)


def own_runs(study: Study) -> list[Run]:
    """Return the runs that a study has begun, as their metadata say; none of a study that is damaged.

    Raises:
        StudyError: one of them is running.
    """
    try:
        planned = study.content.runs  # of a search too, whose trials are found without them
        begun = [member for member in study.members() if member.summary] if planned else []
    except StudyError:
        return []
    if any(member.state in LIVE for member in begun):
        raise StudyError(f"Study {study.id} is running: `workbench study stop {study.id}` first.")
    return [member.run for member in begun if _study_of(member.run) == study.id]


def _study_of(run: Run) -> str:
    try:
        return metadata.read(run).study
    except RunError:  # a stranger's file
        return ""
