"""Files of a run's folder, opened as files of the run's own: never through a link, and regular ones alone. No torch.

A run's folder may come from a stranger. A link in it would let the worker write over a file elsewhere, and a named
pipe would hold up every reader for ever.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Literal

from tasks.base import PlainError
from workbench.runs.locations import run_id

LARGEST = 256 << 20  # bytes of a file that is read whole; a vocabulary of a million words takes 20 MB
FILES = {
    "spec.json",
    "metadata.json",
    "job.json",
    "task.json",
    "task.safetensors",
    "network.txt",
    "events.jsonl",
    "lock",
    "worker.log",
    "STOP",
}
FILES |= {"best.safetensors", "last.pt", "start.safetensors", "start.pt", "reserve"}
KEPT = re.compile(r"kept-(0|[1-9][0-9]{0,17})\.pt")  # the state after the evaluation at a step
_FLAGS = {
    "rb": os.O_RDONLY,
    "ab": os.O_WRONLY | os.O_APPEND | os.O_CREAT,
    "r+b": os.O_RDWR | os.O_CREAT,
    "xb": os.O_WRONLY | os.O_CREAT | os.O_EXCL,
}
_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class RunError(PlainError):
    """A run cannot be found or used in this way. The message is one plain sentence."""


class NotOpened(RunError):
    """A file in a run's folder is a link, no regular file, or larger than any such file."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"Run {run_id(path.parent)} is not opened: {reason}")
        self.reason = reason


def open_regular(path: Path, mode: Literal["rb", "ab", "r+b", "xb"] = "rb") -> BinaryIO:
    """Open a file of a run, unbuffered unless it is read.

    Args:
        mode: as ``open`` takes it; ``r+b`` also creates a missing file. A new file's permissions follow the umask.

    Raises:
        NotOpened: it is a link, or no regular file.
        OSError: it is missing, or cannot be opened.
    """
    with suppress(FileNotFoundError):
        status(path)  # before it is opened: opening a device can act on it
    try:
        descriptor = os.open(path, _FLAGS[mode] | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    except OSError:
        with suppress(FileNotFoundError):
            status(path)
        raise
    try:
        found = os.fstat(descriptor)
        _check(path, found)
        if mode != "rb" and found.st_nlink > 1:
            raise NotOpened(path, f"{path.name} is a hard link, and a file elsewhere would be written too.")
        return os.fdopen(descriptor, mode, buffering=-1 if mode == "rb" else 0)
    except BaseException:
        with suppress(OSError):  # ``fdopen`` may have closed it
            os.close(descriptor)
        raise


def status(path: Path) -> os.stat_result:
    """Return the status of a run's file, as ``lstat`` gives it.

    Raises:
        NotOpened: it is a link, or no regular file.
        OSError: it is missing, or the folder cannot be searched.
    """
    found = path.lstat()
    _check(path, found)
    return found


def read(path: Path, most: int = LARGEST) -> bytes:
    """Return the content of a run's file.

    Args:
        most: bytes that such a file holds at most.

    Raises:
        NotOpened: as ``open_regular``, or it holds more.
        OSError: as ``open_regular``.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise NotOpened(
                path,
                f"{path.name} holds {size / 1e6:,.0f} MB, more than any such file of a run ({most / 1e6:,.0f} MB).",
            )
        return file.read(most)


def holds(path: Path) -> bool:
    """Return whether a run has a file; a link counts, whatever it points at."""
    try:
        path.lstat()
    except OSError:
        return False
    return True


def check(folder: Path) -> None:
    """Check that a run's folder holds regular files, and folders of other names, apart from hidden names.

    Raises:
        NotOpened: it holds something else, which is named.
        OSError: it cannot be read.
    """
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.startswith("."):  # an editor's, which no run opens
                continue
            own = entry.name in FILES or KEPT.fullmatch(entry.name)
            foreign = not own and entry.is_dir(follow_symlinks=False)
            if not (entry.is_file(follow_symlinks=False) or foreign):
                _check(Path(entry.path), entry.stat(follow_symlinks=False))


def _check(path: Path, found: os.stat_result) -> None:
    kind = stat.S_IFMT(found.st_mode)
    if kind != stat.S_IFREG:
        what = _KINDS.get(kind, "no regular file")
        raise NotOpened(path, f"{path.name} is {what}, not a file of its own.")
