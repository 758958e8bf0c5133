"""Rows of a split by true and predicted class, with the network's probabilities of both.

Shapes: B batch, C classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from tasks.base import AnyTask, Split
from tasks.shared.classification.task import ClassificationTask
from workbench.engine import trained_run
from workbench.inference.protocol import Example
from workbench.runs.run import Run

_BATCH = 128
_LONGEST = 600  # characters of a text that are sent: its beginning and its end


class _ClassRows(NamedTuple):
    """A class's rows: the batches to classify, and those that are classified."""

    waiting: list[Tensor]
    classified: list[tuple[Tensor, Tensor]]  # rows (B,), probabilities (B,C)


class ClassifiedRows:
    """A network's probabilities for each class's rows, computed at a class's first request and kept.

    Args:
        load: returns the data; called at the first request.

    Raises:
        ValueError: the task names no classes.
    """

    def __init__(self, run: Run, task: AnyTask, model: nn.Module, load: Callable[[], Any]) -> None:
        if not isinstance(task, ClassificationTask):
            raise ValueError("This network names no classes: it has no examples to list.")
        self._run, self._task, self._model, self._load = run, task, model, load
        self._classes: dict[tuple[Split, int], _ClassRows] = {}

    @cached_property
    def _data(self) -> Any:
        """Raises: DataError: the data cannot be had, or is no longer what the run was trained on."""
        return self._load()

    def classify(self, split: Split, label: str) -> Iterator[tuple[int, int]]:
        """Classify a class's rows, a batch a step; yield the number of rows that are done, and of all rows.

        Raises:
            ValueError: there is no such class.
            DataError: the data cannot be had, or is no longer what the run was trained on.
        """
        rows_of_class = self._rows(split, label)
        while rows_of_class.waiting:
            rows = rows_of_class.waiting[-1]  # the longest texts come first
            with trained_run.inference(self._run, self._model):
                rows_of_class.classified.append((rows, self._task.shares(self._model, self._data, rows)))
            rows_of_class.waiting.pop()
            done = sum(len(rows) for rows, _ in rows_of_class.classified)
            yield done, done + sum(map(len, rows_of_class.waiting))

    def select(self, split: Split, label: str, guess: str, limit: int) -> tuple[int, list[Example]]:
        """Return how many of a class's classified rows are taken for ``guess``, and at most ``limit`` of them.

        Mistakes are sorted by falling probability of the guess, right answers by rising probability.

        Raises:
            ValueError: there is no such class.
        """
        true, other = self._index(label), self._index(guess)
        selected: list[tuple[float, float, int]] = []  # probability of the guess and of the class; row
        for rows, shares in self._rows(split, label).classified:
            here = shares.argmax(1) == other  # (B,)
            selected += zip(shares[here, other].tolist(), shares[here, true].tolist(), rows[here].tolist(), strict=True)
        selected.sort(key=lambda row: row[0] if true == other else -row[0])
        texts = self._task.texts(self._data, torch.tensor([row for *_, row in selected[:limit]], dtype=torch.int64))
        return len(selected), [
            Example(text=_shortened(text), true=right, guess=wrong, row=row)
            for text, (wrong, right, row) in zip(texts, selected, strict=False)
        ]

    def _rows(self, split: Split, label: str) -> _ClassRows:
        key = split, self._index(label)
        if key not in self._classes:
            self._classes[key] = _ClassRows(self._task.batches_of(self._data, *key, _BATCH), [])
        return self._classes[key]

    def _index(self, label: str) -> int:
        if label not in self._task.labels:
            raise ValueError(f"This network knows no class {label!r}.")
        return self._task.labels.index(label)


def _shortened(text: str) -> str:
    half = (_LONGEST - 3) // 2
    return text if len(text) <= _LONGEST else f"{text[:half].rstrip()} … {text[-half:].lstrip()}"
