"""Files that are either the old one or the new one, whole, at every instant."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

TEMPORARY = ".tmp"


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write ``path`` beside itself; at the end flush it to the disk and put it in place with ``os.replace``.

    Where the body or the disk fails, ``path`` stays as it was and nothing is left beside it.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        with beside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    sync_folder(path.parent)


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


def clear_temporary(folder: Path) -> None:
    """Remove what a killed writer left beside its files."""
    for left in folder.glob(f".*{TEMPORARY}"):
        with suppress(OSError):
            left.unlink()
