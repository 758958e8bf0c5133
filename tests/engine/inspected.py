"""Untrained networks on starter data, for tests of inspection."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import torch
from torch import nn

from tasks.base import AnyTask, Data
from workbench.config import spec
from workbench.engine import data, network

SMALL = {
    "names": {
        **{"cell.hidden": 6, "cell.bidirectional": False},
        **{"task.embedding": 5, "task.letter_ngrams": 0, "task.members": 1},
    },
    "imdb": {"cell.hidden": 6, "task.embedding": 5, "task.init": "random"},
    "reviews": {"cell.hidden": 6, "task.embedding": 5, "task.init": "random"},
    "text": {"cell.hidden": 6, "task.embedding": 5},
    "poems": {"cell.hidden": 6, "cell.layers": 1, "task.embedding": 5},
    "chars": {"cell.hidden": 6, "task.embedding": 5, "task.length": 12},
    "climate": {"cell.hidden": 6},
    "adding": {"cell.hidden": 6, "task.length": 12, "task.train_size": 40},
    "copying": {"cell.hidden": 6, "task.length": 5, "task.train_size": 40},
}


class Untrained(NamedTuple):
    """A task with its data and a network of random weights, in evaluation mode."""

    task: AnyTask
    examples: Data
    model: nn.Module


def untrained(task: str, cell: str = "lstm", **values: Any) -> Untrained:
    """Return a network of a task on its starter data; ``values`` name settings with ``__`` for the point."""
    given = {**SMALL[task], **{name.replace("__", "."): value for name, value in values.items()}}
    described = msgspec.structs.replace(spec.make(task, cell, given), data="starter")
    loaded, examples = data.load(described, None)
    torch.manual_seed(0)
    model = network.build(described, loaded).eval()
    for weight in model.parameters():  # a head that starts at zero would answer the same to all
        if not weight.any():
            nn.init.normal_(weight, std=0.3)
    return Untrained(loaded, examples, model)
