"""The run store: create, list, find and remove runs. No torch."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from tasks.base import UsageError
from tasks.shared import files
from workbench.config.spec import RunSpec
from workbench.runs import locations
from workbench.runs.folder import NotOpened, RunError
from workbench.runs.locations import LATEST, PRETRAINED
from workbench.runs.metadata import RunMetadata, encode
from workbench.runs.metadata import read as read_metadata
from workbench.runs.run import Run

_BLOCK = 1 << 20  # bytes that are copied at once
_TAKEN = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}  # a folder that holds something is never replaced


class NameTaken(RunError):
    """The name that a new run was to have is that of another folder."""


class NoSuchRun(RunError, UsageError):
    """A name that was typed is that of no run, or of several."""


def create(
    folder: Path,
    described: RunSpec,
    metadata: RunMetadata | None = None,
    *,
    name: str = "",
    copies: Mapping[str, BinaryIO] | None = None,
) -> Run:
    """Create a new run's folder with its ``spec.json``, whole or not at all, under an id of its own.

    Args:
        metadata: written beside the description where they say something.
        name: the folder's name; empty: made of task, cell and time.
        copies: further files of the folder, by their names; each is copied from where it stands.

    Raises:
        NameTaken: the folder ``name`` is there already.
        RunError: the folder cannot be written.
    """
    fresh = folder / f".new-{os.getpid()}-{time.monotonic_ns()}"
    content = {"spec.json": described.to_json()}
    if metadata is not None and metadata != RunMetadata():
        content["metadata.json"] = encode(metadata)
    try:
        fresh.mkdir(parents=True)
        for file, text in content.items():
            files.write(fresh / file, text)
        for file, source in (copies or {}).items():
            with files.replacing(fresh / file) as target:
                shutil.copyfileobj(source, target, _BLOCK)
        first = name or f"{described.task}-{described.cell}-{time.strftime('%Y%m%d-%H%M%S')}"
        for attempt in range(1, 2 if name else 1000):
            path = folder / (first if attempt == 1 else f"{first}-{attempt}")
            try:
                fresh.rename(path)
            except OSError as error:
                if error.errno in _TAKEN:
                    continue
                raise
            files.sync_folder(folder)
            return Run(path)
        if name:
            raise NameTaken(f"There is a folder {folder / name} already.")
        raise RunError(f"No free name for a run like {first} in {folder}.")
    except OSError as error:
        raise RunError(f"Runs cannot be kept in {folder}: {error.strerror}. Name another folder with --runs.") from None
    finally:
        for leave in (
            *((fresh / file).unlink for file in (*content, *(copies or {}))),
            fresh.rmdir,
        ):  # elsewhere by now, where all went well
            with suppress(OSError):
                leave()


def listing(folder: Path) -> list[Run]:
    """Return the runs of a folder, the newest first; one that cannot be opened is among them.

    Raises:
        RunError: the folder cannot be read.
    """
    try:
        paths = list(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(
            f"The runs in {folder} cannot be read: {error.strerror}. Name another folder with --runs."
        ) from None
    runs = [Run(path) for path in paths if not path.name.startswith(".") and _is_run(path)]
    return sorted(runs, key=lambda run: (run.created, run.id), reverse=True)


def _is_run(path: Path) -> bool:
    """Return whether a folder holds a spec.json, or cannot be looked into."""
    try:
        (path / "spec.json").lstat()
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def pretrained(folder: Path) -> list[Run]:
    """Return the pretrained models: a folder's own and those of the program; of the same name the folder's own."""
    every = [run for place in (folder / PRETRAINED, locations.shipped()) for run in listing(place)]
    return sorted({run.id: run for run in reversed(every)}.values(), key=lambda run: run.id)


def find(name: str, folder: Path) -> Run:
    """Find a run by its id, a unique prefix, ``last``, ``pretrained/NAME``, its folder's path, or its name.

    A name is looked for last, and in the folder's own runs: ``NAME``, or ``STUDY: NAME`` of a study's run.

    Raises:
        NoSuchRun: there is none, or several.
    """
    if not name:
        raise NoSuchRun("No run is named: give its id, the beginning of one, or `last`.")
    if name.startswith(f"{PRETRAINED}/"):
        every = pretrained(folder)
        if matching := [run for run in every if run.id == name]:
            return matching[0]
        known = ", ".join(run.id for run in every)
        raise NoSuchRun(f"There is no model {name}: {f'there are {known}' if known else 'none is here'}.")
    if os.sep in name or name in (".", ".."):
        if _is_run(Path(name)):
            return Run(Path(name).absolute())
        if run := _named(name, listing(folder)):
            return run
        raise NoSuchRun(f"{name} is not a run's folder: it holds no spec.json.")
    every = listing(folder)
    if not every:
        models = ", ".join(run.id for run in pretrained(folder))
        or_model = f", or ask a model that came along: {models}" if models and name != LATEST else ""
        raise NoSuchRun(f"There are no runs in {folder}: start one with `workbench train names --cell lstm`{or_model}.")
    if name == LATEST:
        return every[0]
    matching = [run for run in every if run.id == name] or [run for run in every if run.id.startswith(name)]
    if len(matching) == 1:
        return matching[0]
    if run := _named(name, every):
        return run
    if matching:
        raise NoSuchRun(f"{name!r} is the beginning of {len(matching)} runs: {_some(matching)}. Type more of it.")
    raise NoSuchRun(f"There is no run {name!r} in {folder}: `workbench runs` lists them.")


def _named(name: str, runs: Sequence[Run]) -> Run | None:
    """Return the run that was given a name; ``None`` where none was.

    Raises:
        NoSuchRun: several were.
    """
    matching = []
    for run in runs:
        with suppress(RunError):  # a stranger's folder holds a link there
            about = read_metadata(run)
            if about.name and name in (about.name, about.label):
                matching.append(run)
    if len(matching) > 1:
        raise NoSuchRun(f"{name!r} is the name of {len(matching)} runs: {_some(matching)}. Give the id of one.")
    return matching[0] if matching else None


def _some(runs: Sequence[Run]) -> str:
    return ", ".join(run.id for run in runs[:4]) + (" …" if len(runs) > 4 else "")


def remove(run: Run) -> str:
    """Delete a run's folder with all of its files; of a run that is a link, the link alone.

    Returns:
        the place that the link named, whose files are untouched; empty where it was no link.

    Raises:
        RunError: it is running, or cannot be deleted.
    """
    held = None
    try:
        held = run.acquire_lock()
    except NotOpened:
        if run.trains():
            raise RunError(f"Run {run.id} is running: stop it first.") from None
    try:
        if run.path.is_symlink():
            place = str(run.path.readlink())
            run.path.unlink()
            return place
        gone = run.path.with_name(f".gone-{os.getpid()}-{run.path.name}")
        run.path.rename(gone)
        shutil.rmtree(gone)
    except OSError as error:
        raise RunError(f"Run {run.id} could not be deleted: {error.strerror}.") from None
    finally:
        if held:
            held.close()
    return ""
