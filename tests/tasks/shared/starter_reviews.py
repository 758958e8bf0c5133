"""The starter reviews and their task, with settings that no change of the defaults touches."""

from __future__ import annotations

from typing import Any

import torch

import cells
from tasks.reviews.settings import Settings
from tasks.reviews.task import Task
from tasks.shared.datasets import locations
from tasks.shared.text.data import SPECIALS, TextData

SMALL: dict[str, Any] = {  # whatever the defaults are
    "input": "words",
    "longest": 200,
    "keep": "last",
    "min_count": 1,
    "vocabulary": 0,
    "embedding": 6,
    "init": "random",
    "pooling": "max-mean",
    "dropout": 0.0,
    "word_dropout": 0.0,
    "ngrams": 0,
    "imbalance": "none",
    "label_smoothing": 0.0,
    "adversarial": 0.0,
    "pretrain_epochs": 0,
}


def starter(**settings: Any) -> TextData:
    return Task.load(Settings(**SMALL | settings), locations.starter("reviews"))


def task(data: TextData, **settings: Any) -> Task:
    return Task(Settings(**SMALL | settings), data.state)


def build(learner: Task, cell: str = "gru") -> Any:
    torch.manual_seed(0)
    return learner.build(lambda width: cells.build(cell, width, 5))


def text_of(data: TextData, row: int, source: str = "words") -> list[str]:
    names = [*SPECIALS, *data.state["vocabulary" if source == "words" else "characters"]]
    ragged = data.words if source == "words" else data.characters
    return [names[number] for number in ragged.lists(torch.tensor([row]))[0]]
