"""Errors raised in a user's own cell or task, as one plain phrase that names the file and the line. No torch."""

from __future__ import annotations

import traceback
from pathlib import Path

import cells
import tasks


def located(error: BaseException) -> str:
    """Return ``FILE, line N: ZeroDivisionError: division by zero`` for the innermost line in a user's folder.

    A user's folders are those of ``WORKBENCH_CELLS`` and ``WORKBENCH_TASKS``. Empty: no line of theirs was running.
    """
    folders = {Path(folder) for package in (cells, tasks) for folder in package.__path__[1:]}
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if not folders.isdisjoint(file.parents):
            return f"{file}, line {frame.lineno}: {described(error)}"
    return ""


def described(error: BaseException) -> str:
    """Return an error's type and the first line of its message, without a full stop."""
    return ": ".join([type(error).__name__, *str(error).splitlines()[:1]]).rstrip(".")
