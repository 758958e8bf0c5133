"""The sum of two marked numbers: the network, its loss, its metrics and its answers.

Source: S. Hochreiter and J. Schmidhuber, Long Short-Term Memory, Neural Computation 9(8), 1997, section 5.4, in the
form of Q. V. Le, N. Jaitly and G. E. Hinton, arXiv:1504.00941, 2015.

Shapes: N rows, T time, B batch, D directions, O output size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from tasks import base
from tasks.adding import data as adding
from tasks.adding.data import MARKS, AddingData
from tasks.adding.settings import Settings
from tasks.base import EVAL_SPLITS, Baselines, Evaluation, Metrics, Reading, RecurrentNetwork, Split
from tasks.shared.classification.model import LastState
from tasks.shared.sequences.batching import shuffled
from tasks.shared.text.visible import shortened
from tasks.views import Table, TableValue, View

SOLVED = 0.04  # largest error of a sequence that counts as solved
_BANDS = 8  # of distances in the table


class Adder(nn.Module):
    """Numbers and marks → recurrence → last output → one number.

    Args:
        recurrent: (B,T,2) → (B,T,D·O).
    """

    def __init__(self, recurrent: RecurrentNetwork) -> None:
        super().__init__()
        self.recurrent = recurrent
        self.pool = LastState(recurrent.directions * recurrent.output_size, recurrent.directions)
        self.head = nn.Linear(self.pool.width, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        """``inputs`` (B,T,2) → sums (B,)."""
        outputs, _ = self.recurrent(inputs)  # (B,T,D·O)
        return self.readout(outputs, torch.full(inputs.shape[:1], inputs.shape[1]))[:, 0]

    def readout(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        """Return the sums: outputs (B,T,D·O), ``lengths`` (B,) on the CPU → (B,1)."""
        sums: Tensor = self.head(self.pool(outputs, lengths))
        return sums


class Task(base.Task[Settings, AddingData]):
    """Sum of the two marked numbers of a row."""

    part_names: ClassVar[Mapping[str, str]] = {"pool": "last output"}

    @classmethod
    def load(cls, settings: Settings, folder: Path) -> AddingData:
        return adding.load(settings)

    def build(self, make_recurrent: Callable[[int], RecurrentNetwork]) -> nn.Module:
        return Adder(make_recurrent(2))

    def batches(self, data: AddingData, split: Split, size: int, generator: Generator | None) -> Sequence[Tensor]:
        return shuffled(data.rows[split], size, generator)

    def loss(self, model: nn.Module, data: AddingData, rows: Tensor) -> Tensor:
        return F.mse_loss(model(data.inputs(rows)).float(), data.addends(rows).sum(1))

    def evaluate(self, model: nn.Module, data: AddingData, split: Split, batch_size: int) -> Evaluation:
        batches = self.batches(data, split, batch_size, None)
        answers = torch.cat([model(data.inputs(rows)).float() for rows in batches])
        return Evaluation(
            metrics=_metrics(answers, _sums(data, split)),
            views=[_by_distance(answers, data, data.rows[split])],
        )

    def predict(self, model: nn.Module, text: str) -> list[View]:
        numbers, marked = _parse(text)
        answer = float(model(_inputs(model, numbers, marked))[0])
        truth = math.fsum(number for number, mark in zip(numbers, marked, strict=True) if mark)
        shown: list[list[TableValue]] = [
            ["the network's sum", answer], ["true sum", truth], ["error", answer - truth]
        ]  # fmt: skip
        note = "" if len(numbers) == self.settings.length else (
            f"The text has {len(numbers):,} numbers; this network was trained on rows of {self.settings.length:,}."
        )  # fmt: skip
        return [Table(title=f"{len(numbers):,} numbers", columns=["", "value"], rows=shown, note=note)]

    def reading(self, model: nn.Module, text: str) -> Reading:
        return _reading(model, _inputs(model, *_parse(text)))

    def reading_of_row(self, model: nn.Module, data: AddingData, row: int) -> Reading:
        return _reading(model, data.inputs(torch.tensor([row])))

    def baseline(self, data: AddingData, *, cached_only: bool = False) -> Baselines:
        mean = _sums(data, "train").mean()

        def methods(split: Split) -> dict[str, Metrics]:
            sums = _sums(data, split)
            doubled = 2 * data.numbers[data.rows[split].to(sums.device)].mean(1)
            return {
                "training mean": _metrics(mean.expand_as(sums), sums),
                "twice the row's mean": _metrics(doubled, sums),
            }

        return {split: methods(split) for split in EVAL_SPLITS}


def _inputs(model: nn.Module, numbers: Sequence[float], marked: Sequence[bool]) -> Tensor:
    """Return a row of numbers and marks as the network reads it: (1,T,2)."""
    steps = [[number, float(mark)] for number, mark in zip(numbers, marked, strict=True)]
    return torch.tensor([steps], device=next(model.parameters()).device)


def _reading(model: nn.Module, inputs: Tensor) -> Reading:
    assert isinstance(model, Adder)
    numbers, marks = inputs[0].unbind(1)  # 2 × (T,)
    return Reading(
        symbols=[f"{number:.2f}" + "*" * bool(mark) for number, mark in inputs[0].tolist()],
        inputs=inputs,
        readout=lambda _, outputs, lengths: model.readout(outputs, lengths),
        answers=["sum"],
        unit="sum",
        traits={"marked": marks.tolist(), "sum of the marked so far": (numbers * marks).cumsum(0).tolist()},
    )


def _sums(data: AddingData, split: Split) -> Tensor:
    """Return the true sums (N,) of a split."""
    return data.addends(data.rows[split]).sum(1)


def _metrics(answers: Tensor, sums: Tensor) -> Metrics:
    """Return ``loss``, the mean squared error, and ``solved``, the share of answers within 0.04: (N,), (N,)."""
    errors = (answers - sums).double()
    return {"loss": float(errors.square().mean()), "solved": float((errors.abs() < SOLVED).double().mean())}


def _by_distance(answers: Tensor, data: AddingData, rows: Tensor) -> Table:
    """Return how much of a marked number the answer holds, by the number's distance from the row's end.

    The weight is the slope of the answers (N,) over the numbers of a band: 1 where a number is added whole, 0 where it
    is forgotten.
    """
    length = data.numbers.shape[1]
    distances = (length - data.marked[rows.to(data.marked.device)]).flatten()  # (2N,) from 1, the last step
    numbers = data.addends(rows).double().flatten()
    answers = answers.double().repeat_interleave(MARKS)
    shown: list[list[TableValue]] = []
    width = -(-length // _BANDS)
    for low in range(1, length + 1, width):
        high = min(low + width - 1, length)
        inside = (distances >= low) & (distances <= high)
        count = int(inside.sum())
        weight = None
        if count > 2:
            spread = numbers[inside] - numbers[inside].mean()
            weight = float((spread * answers[inside]).sum() / spread.square().sum())
        shown.append([f"{low:,}–{high:,}", count, weight])
    return Table(
        title="memory of the marked numbers",
        note="Weight in the answer: 1 for a number that is added whole, 0 for one that is forgotten.",
        columns=["steps from the end", "numbers", "weight in the answer"],
        rows=shown,
    )


def _parse(text: str) -> tuple[list[float], list[bool]]:
    """Return the numbers of a text, and which of them carry a star.

    Raises:
        ValueError: it is no row of numbers from 0 to 1 of which two are marked.
    """
    form = "type numbers from 0 to 1, two of them marked: 0.2 0.7* 0.4 0.1*"
    numbers, marked = [], []
    for word in text.replace(",", " ").split():
        try:
            number = float(word.removesuffix("*"))
        except ValueError:
            raise ValueError(f"{shortened(word)!r} is no number: {form}.") from None
        if not 0 <= number <= 1:
            raise ValueError(f"{shortened(word)} is not between 0 and 1: {form}.")
        numbers.append(number)
        marked.append(word.endswith("*"))
    if sum(marked) != MARKS:
        raise ValueError(f"{sum(marked)} of {len(numbers):,} numbers are marked with a star, not {MARKS}: {form}.")
    return numbers, marked
