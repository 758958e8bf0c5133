"""Classes of a folder of names: a file ``CLASS.txt`` each, with a name a line."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import NamedTuple

from tasks.base import DataError
from tasks.shared.datasets import archives

_SHOWN = 8  # files that a sentence lists
_FORM = "a file CLASS.txt for each class, with a name a line"


class ClassFiles(NamedTuple):
    """Files of a folder that hold a class each, and remarks on the others."""

    paths: list[Path]  # by the classes' names
    labels: list[str]
    notes: list[str]


def find(folder: Path) -> ClassFiles:
    """Return the classes of a user's folder, called as their files are.

    Raises:
        DataError: it is no folder, cannot be read, or holds fewer than two classes.
    """
    try:
        with os.scandir(folder) as entries:
            every = sorted((Path(entry.path), entry.is_file(), entry.stat().st_size) for entry in entries)
    except OSError as error:
        raise archives.unreadable(folder, error) from None
    others = {
        "hidden": [path for path, _, _ in every if path.name.startswith(".")],
        "folders": [path for path, is_file, _ in every if not is_file and not path.name.startswith(".")],
    }
    named = [(path, size) for path, is_file, size in every if is_file and not path.name.startswith(".")]
    others["not .txt"] = [path for path, _ in named if path.suffix.lower() != ".txt"]
    texts = [(path, size) for path, size in named if path.suffix.lower() == ".txt"]
    others["empty"] = [path for path, size in texts if not size]
    paths = [path for path, size in texts if size]
    labels = [unicodedata.normalize("NFC", path.stem) for path in paths]
    if twice := [path for path, label in zip(paths, labels, strict=True) if labels.count(label) > 1]:
        raise DataError(f"{twice[0]} and {twice[1].name} are one class by their names: join them, or rename one.")
    notes = [
        f"Left out of {folder}, {reason}: {_listed([path.name for path in left])}."
        for reason, left in others.items()
        if left
    ]
    if len(paths) < 2:
        there = f"one class alone, {paths[0].name}" if paths else "no class"
        rest = f" {' '.join(notes)}" if notes else ""
        raise DataError(f"{folder} holds {there}: two at least are needed, {_FORM}.{rest}")
    return ClassFiles(paths, labels, notes)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
