"""Entries of a folder of one's own, by kind. No torch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from tasks.base import DataError
from tasks.shared.datasets import archives


class Entries(NamedTuple):
    """A folder's entries, each kind sorted by name; links are what they lead to."""

    files: list[Path]
    folders: list[Path]
    others: list[Path]  # links to nothing or back to a folder above, pipes, sockets and devices


def entries(folder: Path) -> Entries:
    """Return the entries of a folder.

    Raises:
        DataError: it is no folder or cannot be read, or a name in it is not UTF-8.
    """
    found = Entries([], [], [])
    try:
        above = {folder.resolve(), *folder.resolve().parents}
        with os.scandir(folder) as every:
            paths = sorted(Path(entry.path) for entry in every)
    except OSError as error:
        raise archives.unreadable(folder, error) from None
    for path in paths:
        _check_name(path)
        # a Path's methods raise on links that lead to themselves
        if os.path.isfile(path):  # noqa: PTH113
            found.files.append(path)
        elif os.path.isdir(path) and not (path.is_symlink() and path.resolve() in above):  # noqa: PTH112
            found.folders.append(path)
        else:
            found.others.append(path)
    return found


def _check_name(path: Path) -> None:
    readable = os.fsencode(path).decode("utf-8", "replace")
    if readable != str(path):
        raise DataError(f"{readable}: this name is not UTF-8, and no class can be called so: rename it.")
