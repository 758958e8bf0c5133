"""A poem network of random weights over the small world of ``poem_books``, and a run's folder that holds one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import torch
from engine.generation.poem_books import BOOK, CHARACTERS

import cells
from tasks.poems import forms
from tasks.poems.data import SPECIALS, PoemData
from tasks.poems.settings import Settings
from tasks.poems.task import Task
from tasks.shared import files
from tasks.shared.sequences.ragged import Ragged
from tasks.shared.text.vocabulary import END, START
from workbench.config import spec
from workbench.engine import checkpoint, network
from workbench.runs import store
from workbench.runs.run import Run


def random_writer(characters: str = CHARACTERS, known: list[str] | None = None, seed: int = 0) -> tuple[Task, Any]:
    """A task and its network; ``known``: the lines of the corpus that it is said to have learned."""
    task = Task(Settings(embedding=8), state(characters))
    torch.manual_seed(seed)
    model = task.build(lambda width: cells.build("lstm", width, 12))
    with torch.no_grad():
        model.embedding.weight.mul_(2)
    task.tensors = task.artifacts(corpus(task, known or []))
    return task, model.eval()


def random_run(folder: Path, *, known: list[str] | None = None) -> Run:
    """A run that was never trained and can be asked; ``known``: as above, none: it keeps no filter."""
    run = store.create(folder, spec.make("poems", "lstm", {"cell.hidden": 12, "cell.layers": 1, "task.embedding": 8}))
    files.write(run.task_file, msgspec.json.encode(state(CHARACTERS)))
    task = Task(run.spec.settings, state(CHARACTERS))
    torch.manual_seed(0)
    checkpoint.save_best(run.best_file, network.build(run.spec, task), {})
    if known is not None:
        checkpoint.save_tensors(run.tensors_file, task.artifacts(corpus(task, known)))
    return run


def state(characters: str) -> dict[str, Any]:
    vocabulary = ["，", "。", *characters]
    counts = [10] * (len(SPECIALS) + len(vocabulary))
    return {"vocabulary": vocabulary, "prosody": BOOK.lines(characters), "train_counts": counts, "cache": "none"}


def corpus(task: Task, lines: list[str]) -> PoemData:
    rows = [task.vocabulary.encode([START, forms.FREE, *line, "。", END]) for line in [*lines, "天"]]
    every, none = torch.arange(len(rows)), torch.arange(0)
    return PoemData(Ragged.of(rows), {"train": every, "val": none, "test": none}, task.state)
