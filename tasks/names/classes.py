"""Classes of a folder of names: a file ``CLASS.txt`` each, with a name a line."""

from __future__ import annotations

import itertools
import unicodedata
from pathlib import Path
from typing import NamedTuple

from tasks.base import DataError
from tasks.shared.datasets import folders

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
    every = folders.entries(folder)
    shown = folders.Entries(*([path for path in paths if not path.name.startswith(".")] for paths in every))
    texts = [path for path in shown.files if path.suffix.lower() == ".txt"]
    paths = [path for path in texts if path.stat().st_size]
    others = {
        "hidden": sorted({*itertools.chain(*every)} - {*itertools.chain(*shown)}),
        "folders": shown.folders,
        "no files": shown.others,
        "not .txt": [path for path in shown.files if path not in texts],
        "empty": [path for path in texts if path not in paths],
    }
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
