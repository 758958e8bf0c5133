"""The datasets: where each comes from, what it is, and where it stands on this machine. No torch.

A dataset is a folder with named files. It is read from a folder that the user names (``--data``,
``WORKBENCH_DATA``), else from the user's cache, where it is downloaded on first use. Where neither can be
had, the task's starter set is used, and said so.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import tasks
from tasks.base import DataError
from tasks.common import cache, files

_RAW = "https://raw.githubusercontent.com"


class Remote(NamedTuple):
    """A file's place in the dataset's source, and its SHA-256."""

    path: str
    sha256: str


class Dataset(NamedTuple):
    """A dataset's source, licence and files."""

    title: str
    source: str  # repository@commit, or an address
    licence: str
    citation: str
    files: Mapping[str, Remote]


class Source(NamedTuple):
    """Where a run's data stands."""

    kind: Literal["full", "starter"]
    folder: Path


def named_folder(option: Path | None = None) -> Path | None:
    """The data folder that the user named with ``--data`` or ``WORKBENCH_DATA``."""
    named = option or (Path(os.environ["WORKBENCH_DATA"]) if os.environ.get("WORKBENCH_DATA") else None)
    return named.absolute() if named else None


def starter(task: str) -> Path:
    """Where a task's starter set stands, inside the package."""
    folders = [Path(folder) / task / "starter" for folder in tasks.__path__]
    return next((folder for folder in folders if folder.is_dir()), folders[0])


def cached(task: str) -> Path:
    """Where a task's downloaded data stands, or would."""
    return cache.cache_folder() / "data" / task


def missing(task: str, folder: Path) -> list[str]:
    """The files of a task's data that ``folder`` does not hold."""
    return [name for name in tasks.settings(task).files if not (folder / name).is_file()]


def wrong(task: str, folder: Path) -> list[str]:
    """The files whose SHA-256 is not their source's."""
    from tasks.common.registry import DATASETS

    known = DATASETS[task].files if task in DATASETS else {}
    return [name for name, remote in known.items() if cache.sha256(folder / name) != remote.sha256]


def present(task: str, option: Path | None = None) -> Source | None:
    """Where a task's data stands now, without fetching anything; ``None``: it would have to be downloaded.

    Raises:
        DataError: a folder was named and a file is missing there.
    """
    named = named_folder(option)
    if named:
        folder = named / task
        if lacking := missing(task, folder):
            more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
            raise DataError(
                f"{folder} lacks {lacking[0]}{more}: put the {task} data there, or name another folder with --data."
            )
        return Source("full", folder)
    if not tasks.settings(task).files:
        return Source("full", cached(task))
    return None if missing(task, cached(task)) else Source("full", cached(task))


def locate(task: str, option: Path | None, say: Callable[[str], None], *, progress: bool = False) -> Source:
    """Where a task's data stands, downloaded on first use; the starter set where it cannot be had.

    Args:
        option: the folder named with ``--data``.
        say: is told, in a sentence, what a person should know.
        progress: show a bar on stderr while downloading.

    Raises:
        DataError: a folder was named and a file is missing there.
    """
    found = present(task, option)
    if found:
        return found
    try:
        return Source("full", download(task, say, progress=progress))
    except DataError as error:
        if not starter(task).is_dir():
            raise
        say(f"{error} Going on with the small starter set.")
        return Source("starter", starter(task))


def download(task: str, say: Callable[[str], None], *, progress: bool = False) -> Path:
    """Fetch a task's data into the user's cache: all of it, verified, or nothing.

    Raises:
        DataError: it cannot be had, or is not what it should be.
    """
    import pooch
    import requests

    from tasks.common.registry import DATASETS

    if task not in DATASETS:
        raise DataError(f"The {task} data has no known source: name its folder with --data.")
    dataset = DATASETS[task]
    target = cached(task)
    mirror = os.environ.get("WORKBENCH_MIRROR", _RAW).rstrip("/")
    say(f"Downloading {dataset.title} from {dataset.source} ({len(dataset.files)} files).")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{task}-", dir=target.parent))
    except OSError as error:
        raise DataError(f"The {task} data could not be kept in {target.parent}: {error.strerror}.") from None
    pooch.get_logger().setLevel("ERROR")
    try:
        repository, _, commit = dataset.source.partition("@")
        for name, remote in dataset.files.items():
            pooch.retrieve(
                f"{mirror}/{repository}/{commit}/{remote.path}",
                known_hash=f"sha256:{remote.sha256}",
                path=beside,
                fname=name,
                downloader=pooch.HTTPDownloader(progressbar=progress, timeout=20),
            )
            (beside / name).chmod(0o644)
        beside.chmod(0o755)
        _put_in_place(task, beside, target)
    except requests.RequestException:
        raise DataError(f"The {task} data could not be downloaded from {mirror}.") from None
    except ValueError:
        raise DataError(f"The {task} data at {mirror} is not what its source promised: {name} differs.") from None
    except OSError as error:
        raise DataError(f"The {task} data could not be kept in {target.parent}: {error.strerror}.") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target


def _put_in_place(task: str, beside: Path, target: Path) -> None:
    """Make a verified folder the task's; another process may have been faster, and its folder is as good."""
    if missing(task, target) or wrong(task, target):
        shutil.rmtree(target, ignore_errors=True)
        try:
            beside.rename(target)
        except OSError:
            if missing(task, target):
                raise
    files.sync_folder(target.parent)
