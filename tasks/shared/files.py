"""Atomic writing: a file holds its old or its new content, whole, at every instant."""

from __future__ import annotations

import errno
import fcntl
import glob
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

TEMPORARY = ".tmp"
NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}  # of ``flock``: the file system has none


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write ``path`` beside itself; at the end flush it to the disk and put it in place with ``os.replace``.

    Where the body or the disk fails, ``path`` stays as it was and nothing is left beside it.
    """
    # a name of its own: on a shared file system a process of another machine may have the same id
    beside = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{TEMPORARY}")
    try:
        with beside.open("xb") as file:  # a new file: a link is never followed
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    sync_folder(path.parent)


def append(path: Path, text: str, *, unless: Callable[[str], bool] | None = None) -> bool:
    """Append a text to a file, whole or not at all, with an empty line before and after it.

    People may write in the file too, and several programs may append to it at once.

    Args:
        unless: predicate on the file's content, evaluated under the lock; nothing is appended if it holds.

    Returns:
        True if the text was appended.

    Raises:
        OSError, ValueError: it cannot be written; the file's content is unchanged.
    """
    with path.open("a+b", buffering=0) as file:
        lock(file.fileno(), fcntl.LOCK_EX)
        size = file.seek(0, os.SEEK_END)
        if unless:
            file.seek(0)
            if unless(file.read().decode(errors="replace")):
                return False
        file.seek(max(0, size - 2))
        last = file.read(min(size, 2))
        gap = "\n" * (0 if not last or last == b"\n\n" else 1 if last.endswith(b"\n") else 2)
        fresh = f"{gap}{text}\n\n".encode()
        try:
            while fresh:
                fresh = fresh[file.write(fresh) :]
            os.fsync(file.fileno())
        except BaseException:
            file.truncate(size)
            raise
    return True


def lock(descriptor: int, operation: int) -> bool:
    """Lock a file with ``flock``; return False where its file system has no locks.

    Raises:
        BlockingIOError: another process holds it, and ``operation`` does not wait.
        OSError: it cannot be locked for another reason.
    """
    try:
        fcntl.flock(descriptor, operation)
    except OSError as error:
        if error.errno in NO_LOCKS:
            return False
        raise
    return True


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write(path: Path, content: bytes) -> None:
    """Replace ``path`` with ``content``, whole or not at all."""
    with replacing(path) as file:
        file.write(content)


def clear_temporary(folder: Path, name: str = "") -> None:
    """Remove the temporary files that a killed writer left.

    Args:
        name: of the file that it wrote; empty: any.
    """
    for left in folder.glob(f".{glob.escape(name)}.*{TEMPORARY}" if name else f".*{TEMPORARY}"):
        with suppress(OSError):
            left.unlink()
