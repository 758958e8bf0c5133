"""Locations of each task's dataset on this machine, and its download. No torch.

A dataset is a folder with files. It is read from a folder that the user names (``--data``, ``WORKBENCH_DATA``),
else from the user's cache, where it is downloaded on first use. Where neither can be had, the task's starter set is
used, and said so.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

import tasks
from tasks.base import DataError, Settings
from tasks.shared import files
from tasks.shared.datasets import cache, downloader, registry, verification
from tasks.shared.datasets.named import named_folder
from tasks.shared.datasets.preparing import prepared_once
from tasks.shared.datasets.registry import Dataset
from tasks.shared.datasets.verification import VerificationReport

Where = Literal["named folder", "cache", "starter", "absent", "incomplete"]


class Source(NamedTuple):
    """Folder of a run's data."""

    kind: Literal["full", "starter"]
    folder: Path


class DatasetStatus(NamedTuple):
    """Location and condition of a task's data, as found without a download."""

    where: Where
    folder: Path | None
    problem: str = ""  # a sentence, where it is incomplete
    found: VerificationReport | None = None  # of these very files, if they were verified before
    rows: int | None = None  # if they were counted
    size: int | None = None  # bytes of the files


def starter(task: str) -> Path:
    """Return the folder of a task's starter set, inside the package."""
    folders = [Path(folder) / task / "starter" for folder in tasks.__path__]
    return next((folder for folder in folders if folder.is_dir()), folders[0])


def is_starter(task: str, folder: Path) -> bool:
    """Return whether ``folder`` is the one of a task's starter set."""
    return folder.resolve() == starter(task).resolve()


def cached(task: str) -> Path:
    """Return the folder of a task's downloaded data, whether it exists or not."""
    return cache.cache_folder() / "data" / task


def registered(task: str) -> Dataset | None:
    """Return the registry's entry of a task's dataset; ``None`` if it has no known source."""
    return registry.DATASETS.get(task)


def read_files(task: str, folder: Path) -> list[Path]:
    """Return the files that a task reads in ``folder``: of each entry the first alternative that exists."""
    return [path for entry in tasks.settings(task).files for path in _matches(entry, folder)]


def missing(task: str, folder: Path) -> list[str]:
    """Return the entries of a task's files (``name|other name``) of which ``folder`` holds no alternative."""
    return [entry for entry in tasks.settings(task).files if not _matches(entry, folder)]


def verify(task: str, folder: Path) -> VerificationReport:
    """Compare a task's files with their source's hashes, count their rows, and keep the report in the cache.

    Raises:
        DataError: a file cannot be read, is truncated or damaged.
    """
    what = (registered(task), folder, read_files(task, folder))
    found = verification.verify(*what)
    verification.remember(*what, found)
    return found


def find(task: str, option: Path | None = None, settings: Settings | None = None) -> Source | None:
    """Return the folder of a task's data without downloading; ``None`` if it would have to be downloaded.

    Args:
        option: the folder named with ``--data``.
        settings: the task's settings, which may name a file of the user's own in place of the dataset.

    Raises:
        DataError: a folder or a file was named and it, or a file in it, is missing.
    """
    if settings is not None and settings.own_data:
        own = Path(settings.own_data).absolute()
        kind, found = ("folder", os.path.isdir) if settings.own_data_is_folder else ("file", os.path.isfile)
        if not found(own):  # a Path's raises on names too long
            keys = [name for name in settings.paths if getattr(settings, name) == settings.own_data]
            setting = "".join(f" (task.{key})" for key in keys[:1])
            raise DataError(f"{own} is missing or no {kind}: name the {task} data's {kind} again{setting}.")
        return Source("full", own.parent)
    if tasks.settings(task).own_data_only:
        return Source("starter", starter(task))
    named = named_folder(option)
    if named:
        folder = named / task
        if absent := missing(task, folder):
            *others, last = absent[0].split("|")
            names = f"{', '.join(others)} or {last}" if others else last
            more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
            raise DataError(
                f"{folder} lacks {names}{more}: put the {task} data there, or name another folder with --data."
            )
        return Source("full", folder)
    return Source("full", cached(task)) if _is_complete(task, cached(task)) else None


def is_intact(task: str, folder: Path) -> bool:
    """Return whether a downloaded folder is complete, with no file that differs or is truncated."""
    try:
        return _is_complete(task, folder) and not verify(task, folder).differing
    except DataError:
        return False


def status(task: str, option: Path | None = None) -> DatasetStatus:
    """Return the location and condition of a task's data."""
    try:
        source = find(task, option)
    except DataError as error:
        return DatasetStatus("incomplete", None, str(error))
    if source is None and not starter(task).is_dir():
        return DatasetStatus("absent", None)
    if source is not None and source.kind == "starter":
        source = None
    where: Where = "starter" if source is None else "named folder" if named_folder(option) else "cache"
    folder = source.folder if source else starter(task)
    read = read_files(task, folder)
    names = verification.present_files(registered(task), folder, read)
    sizes = [(folder / name).stat().st_size for name in names if (folder / name).is_file()]
    size = sum(sizes) if names and len(sizes) == len(names) else None
    if where == "starter":  # small, and never one with the source
        return DatasetStatus(where, folder, rows=verification.rows(registered(task), read), size=size)
    found = verification.remembered(registered(task), folder, read)
    return DatasetStatus(where, folder, found=found, rows=found.rows if found else None, size=size)


def find_or_download(
    task: str,
    option: Path | None,
    say: Callable[[str], None],
    *,
    settings: Settings | None = None,
    progress: bool = False,
    arrived: Callable[[int], None] | None = None,
) -> Source:
    """Return the folder of a task's data, downloaded on first use; the starter set's if that fails.

    Args:
        option: the folder named with ``--data``.
        say: called with each sentence for the person who waits.
        settings: the task's settings, which may name a file of the user's own in place of the dataset.
        progress: show a bar on stderr while downloading.
        arrived: called with the number of bytes of each chunk; an exception that it raises ends the download.

    Raises:
        DataError: a folder or a file was named and it, or a file in it, is missing.
    """
    found = find(task, option, settings)
    if found and found.kind == "starter":
        names = ", ".join(f"task.{name}" for name in tasks.settings(task).own_data_names())
        say(f"No data of your own is named ({names}): going on with the small starter set.")
    if found:
        return found
    try:
        return Source("full", download(task, say, progress=progress, arrived=arrived))
    except DataError as error:
        if not starter(task).is_dir():
            raise
        say(f"{error} Going on with the small starter set.")
        return Source("starter", starter(task))


def download(
    task: str, say: Callable[[str], None], *, progress: bool = False, arrived: Callable[[int], None] | None = None
) -> Path:
    """Download a task's data into the user's cache: all of it, verified and read once through, or nothing.

    Of several processes that want it at once, on any machine that shares the cache, one downloads it.

    Args:
        say: called with each sentence for the person who waits.
        progress: show a bar on stderr, where that is a terminal.
        arrived: called with the number of bytes of each chunk; an exception that it raises ends the download.

    Raises:
        DataError: it cannot be had, or is not what it should be.
    """
    dataset = registered(task)
    if tasks.settings(task).own_data_only:
        raise DataError(f"The task {task} has no dataset to fetch: its settings name data of your own.")
    if dataset is None:
        raise without_source(task)
    target = cached(task)
    many = f"{len(dataset.files)} file{'s' * (len(dataset.files) != 1)}"
    size = f", {dataset.size / 1e6:.1f} MB" if dataset.size else ""

    def meanwhile() -> None:
        if arrived:
            arrived(0)

    lock = cache.cache_folder() / f".data-{task}.lock"
    with prepared_once(target, f"the {task} data", say, meanwhile, lock) as waited:
        if waited and is_intact(task, target):
            return target
        say(f"Downloading {dataset.title} from {dataset.home} ({many}{size}).")
        try:
            with downloader.folder_beside(target) as beside:
                downloader.fetch(task, dataset, beside, progress=progress, arrived=arrived)
                found = _opened(task, dataset, beside)
                _put_in_place(task, beside, target)
        except OSError as error:
            raise DataError(f"The {task} data could not be kept in {target.parent}: {error.strerror}.") from None
    verification.remember(dataset, target, read_files(task, target), found)
    return target


def without_source(task: str) -> DataError:
    """Return the error for a task whose data cannot be downloaded."""
    own = "".join(f" a file of yours with --set task.{name}=FILE, or" for name in tasks.settings(task).paths[:1])
    return DataError(f"The {task} data has no known source: name{own} its folder with --data.")


def _opened(task: str, dataset: Dataset, folder: Path) -> VerificationReport:
    """Verify the downloaded files; reading them finds truncation even where no hash is known."""
    try:
        return verification.verify(dataset, folder, read_files(task, folder))
    except DataError as error:
        reason = str(error).replace(f"{folder}{os.sep}", "")
        raise DataError(f"The {task} data is not what its source promised: {reason}") from None


def _put_in_place(task: str, beside: Path, target: Path) -> None:
    """Make a verified folder the task's; another process may have been faster, and its folder is as good."""
    if not is_intact(task, target):
        shutil.rmtree(target, ignore_errors=True)
        try:
            beside.rename(target)
        except OSError:
            if not _is_complete(task, target):
                raise
    files.sync_folder(target.parent)


def _is_complete(task: str, folder: Path) -> bool:
    """Return whether a downloaded folder holds all files of the task and of the source."""
    dataset = registered(task)
    names = dataset.files if dataset else ()
    # a Path's ``is_file`` raises where one may not look
    return not missing(task, folder) and all(os.path.isfile(folder / name) for name in names)  # noqa: PTH113


def _matches(entry: str, folder: Path) -> list[Path]:
    """Return the files or folders of the first alternative of ``entry`` that matches any, by name."""
    for pattern in entry.split("|"):
        if found := sorted(path for path in folder.glob(pattern) if path.exists()):
            return found
    return []
