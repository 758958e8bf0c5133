"""Small tables and folders of labelled texts, and what the task makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from tasks.preview import Preview
from tasks.shared.text.data import SPECIALS, TextData
from tasks.text.settings import Settings
from tasks.text.task import Task

WORDS = ("red", "green", "blue", "grey", "white", "black", "brown", "pink", "violet", "orange")
ROWS = [(f"a {word} {thing}", kind) for word in WORDS for thing, kind in (("cat", "animal"), ("car", "machine"))]


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def table(path: Path, rows: Sequence[Sequence[str]] = ROWS, head: str = "text,label", encoding: str = "utf-8") -> Path:
    """A CSV of cells without commas."""
    lines = [head, *(",".join(row) for row in rows)] if head else [",".join(row) for row in rows]
    return written(path, "".join(f"{line}\n" for line in lines), encoding)


def folder(path: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        written(path / name, text)
    return path


def load(path: Path, **settings: Any) -> TextData:
    named = "folder" if path.is_dir() and "file" not in settings else "file"
    return Task.load(Settings(**{named: str(path), "min_count": 1, **settings}), path.parent)


def preview(path: Path, **settings: Any) -> Preview:
    named = "folder" if path.is_dir() else "file"
    return Task.preview(Settings(**{named: str(path), **settings}), path.parent)


def examples(data: TextData) -> list[tuple[str, str]]:
    """Each text's tokens, with blanks between, and its class, in the data's order."""
    names = [*SPECIALS, *data.state["vocabulary"]]
    lists = data.words.lists(torch.arange(len(data.labels)))
    return [
        (" ".join(names[number] if number < len(names) else "?" for number in numbers), data.state["labels"][label])
        for numbers, label in zip(lists, data.labels.tolist(), strict=True)
    ]


def split_of(data: TextData) -> list[str]:
    """Each text's split."""
    found = [""] * len(data.labels)
    for split, rows in data.rows.items():
        for row in rows.tolist():
            found[row] = split
    return found
