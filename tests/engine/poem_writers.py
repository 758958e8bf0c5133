"""A poem network of random weights over the small world of ``poem_books``."""

from __future__ import annotations

from typing import Any

import torch
from engine.poem_books import BOOK, CHARACTERS

import cells
from tasks.common.ragged import Ragged
from tasks.common.vocabulary import END, START
from tasks.poems import forms
from tasks.poems.data import SPECIALS, PoemData
from tasks.poems.settings import Settings
from tasks.poems.task import Task


def random_writer(characters: str = CHARACTERS, known: list[str] | None = None, seed: int = 0) -> tuple[Task, Any]:
    """A task and its network; ``known``: the lines of the corpus that it is said to have learned."""
    vocabulary = ["，", "。", *characters]
    counts = [10] * (len(SPECIALS) + len(vocabulary))
    state = {"vocabulary": vocabulary, "prosody": BOOK.lines(characters), "train_counts": counts, "cache": "none"}
    task = Task(Settings(embedding=8), state)
    torch.manual_seed(seed)
    model = task.build(lambda width: cells.build("lstm", width, 12))
    with torch.no_grad():
        model.embedding.weight.mul_(2)
    task.tensors = task.lasting(corpus(task, known or []))
    return task, model.eval()


def corpus(task: Task, lines: list[str]) -> PoemData:
    rows = [task.vocabulary.encode([START, forms.FREE, *line, "。", END]) for line in [*lines, "天"]]
    every, none = torch.arange(len(rows)), torch.arange(0)
    return PoemData(Ragged.of(rows), {"train": every, "val": none, "test": none}, task.state)
