"""Small texts, and what is made of them, for the tests of the chars task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

import cells
from tasks.chars.data import CharData, load
from tasks.chars.settings import Settings
from tasks.chars.task import Task

SAYING = "the quick brown fox jumps over the lazy dog, and the dog does not mind.\n"


def written(folder: Path, text: str | bytes = SAYING * 40, name: str = "text.txt") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def loaded(folder: Path, text: str | bytes = SAYING * 40, **values: Any) -> tuple[Settings, CharData]:
    settings = Settings(file=str(written(folder, text)), **{"length": 10, **values})
    return settings, load(settings, folder)


def networked(settings: Settings, data: CharData, cell: str = "lstm", **values: Any) -> tuple[Task, nn.Module]:
    """A task and a network of random weights."""
    task = Task(settings, data.state)
    torch.manual_seed(0)
    return task, task.build(lambda width: cells.build(cell, width, 6, **values))
