"""A small poems task: nine characters, a network of random weights, data of a few poems."""

from __future__ import annotations

from typing import Any

import torch

import cells
from tasks.poems import forms
from tasks.poems.data import PoemData
from tasks.poems.model import PoemNetwork
from tasks.poems.prosody import GROUPS, Prosody
from tasks.poems.settings import Settings
from tasks.poems.task import Task
from tasks.shared.sequences.ragged import Ragged
from tasks.shared.text.vocabulary import END, START

HANZI = "，。月山水鹤松风夜"
BOOK = Prosody([{"东": "风松", "山": "山", "月": "月", "纸": "水夜"}.get(group, "") for group in GROUPS])
POEMS = ["月山水鹤，夜风松月。", "山月水。", "鹤夜雪，山夜。"]  # 雪 is unknown
Made = tuple[Task, PoemNetwork]


def task(**settings: Any) -> Task:
    counts = [0, 3, 9, 9, 1, 2, 3, 2, 1, *range(20, 20 - len(HANZI), -1)]
    state = {"vocabulary": list(HANZI), "prosody": BOOK.lines(HANZI), "train_counts": counts, "cache": "none"}
    return Task(Settings(**settings), state)


def made(cell: str = "lstm", seed: int = 0, **settings: Any) -> Made:
    """A task and a network for it, in evaluation mode, whose outputs are far from even."""
    torch.manual_seed(seed)
    its = task(**{"embedding": 6, **settings})
    model = its.build(lambda width: cells.build(cell, width, 8, layers=2, dropout=0.5))
    assert isinstance(model, PoemNetwork)
    with torch.no_grad():
        model.embedding.weight.mul_(3)
        model.classes.weight.normal_()
    return its, model.eval()


def encoded(its: Task, poem: str) -> list[int]:
    return its.vocabulary.encode([START, forms.form(poem), *poem, END])


def some(its: Task, poems: list[str]) -> PoemData:
    codes = [encoded(its, poem) for poem in poems]
    every = torch.arange(len(poems))
    flat = torch.tensor([code for row in codes for code in row], dtype=torch.int32)
    ragged = Ragged(flat, torch.tensor([len(row) for row in codes]))
    return PoemData(ragged, {"train": every, "val": every, "test": every}, {"cache": "none"})
