"""Rows of a split as a classifier judges them: those of one class that it takes for another, with its probabilities.

Shapes: B batch, C classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from tasks.base import AnyTask, Split
from tasks.shared.classification.task import ClassificationTask
from workbench.engine import data
from workbench.runs.store import Run

_BATCH = 128
_TEXT = 600  # characters of a text that are shown: its beginning and its end


class Found(NamedTuple):
    """A row's text, and the probabilities of its class and of the one that it is taken for."""

    text: str
    true: float
    guess: float


class _Judged(NamedTuple):
    """A class's rows: the batches that still wait, and those that have been judged."""

    waiting: list[Tensor]
    done: list[tuple[Tensor, Tensor]]  # rows (B,), probabilities (B,C)


class Examples:
    """What a network says to each class's rows, computed when a class is first asked for, and kept."""

    def __init__(self, run: Run, task: AnyTask, model: nn.Module) -> None:
        if not isinstance(task, ClassificationTask):
            raise ValueError("This network names no classes: it has no examples to list.")
        self._run, self._task, self._model = run, task, model
        self._judged: dict[tuple[Split, int], _Judged] = {}

    @cached_property
    def _data(self) -> Any:
        """Raises: DataError: the data cannot be had, or is no longer what the run was trained on."""
        return data.load(self._run.spec, self._task.state)[1]

    def judge(self, split: Split, label: str) -> Iterator[tuple[int, int]]:
        """Ask the network about a class's rows, a batch a step: how many are done, and how many there are.

        Raises:
            ValueError: there is no such class.
            DataError: the data cannot be had, or is no longer what the run was trained on.
        """
        judged = self._of(split, label)
        while judged.waiting:
            rows = judged.waiting[-1]  # the longest texts come first
            with torch.inference_mode():
                judged.done.append((rows, self._task.shares(self._model, self._data, rows)))
            judged.waiting.pop()
            done = sum(len(rows) for rows, _ in judged.done)
            yield done, done + sum(map(len, judged.waiting))

    def found(self, split: Split, label: str, guess: str, most: int) -> tuple[int, list[Found]]:
        """How many of a class's judged rows are taken for ``guess``, and ``most`` of them.

        Those that the network is surest of come first where it is wrong, and last where it is right.
        """
        true, other = self._number(label), self._number(guess)
        kept: list[tuple[float, float, int]] = []
        for rows, shares in self._of(split, label).done:
            here = shares.argmax(1) == other  # (B,)
            kept += zip(shares[here, other].tolist(), shares[here, true].tolist(), rows[here].tolist(), strict=True)
        kept.sort(key=lambda row: row[0] if true == other else -row[0])
        texts = self._task.texts(self._data, torch.tensor([row for *_, row in kept[:most]], dtype=torch.int64))
        return len(kept), [
            Found(_shortened(t), right, wrong) for t, (wrong, right, _) in zip(texts, kept, strict=False)
        ]

    def _of(self, split: Split, label: str) -> _Judged:
        key = split, self._number(label)
        if key not in self._judged:
            self._judged[key] = _Judged(self._task.batches_of(self._data, *key, _BATCH), [])
        return self._judged[key]

    def _number(self, label: str) -> int:
        if label not in self._task.labels:
            raise ValueError(f"This network knows no class {label!r}.")
        return self._task.labels.index(label)


def _shortened(text: str) -> str:
    half = (_TEXT - 3) // 2
    return text if len(text) <= _TEXT else f"{text[:half].rstrip()} … {text[-half:].lstrip()}"
