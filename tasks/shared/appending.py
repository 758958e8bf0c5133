"""Texts added to a file that people may write in too, and that several programs may add to at once."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path


def add(path: Path, text: str, *, unless: Callable[[str], bool] | None = None) -> bool:
    """Add a text at a file's end, whole or not at all, with an empty line before and after it → whether it was added.

    Args:
        unless: asked, while nobody else can add, of what the file holds; where it says yes, nothing is added.

    Raises:
        OSError, ValueError: it cannot be written; what the file held is as it was.
    """
    with path.open("a+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
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
