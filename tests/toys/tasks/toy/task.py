"""Shapes: B batch, T time, C classes."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Annotated, Any, ClassVar

import msgspec
import torch
from torch import nn
from torch.nn import functional as F

from tasks import base
from tasks.base import DataError, Reading
from tasks.shared.classification import metrics
from tasks.shared.classification.model import LastState, OneHot, SequenceClassifier
from tasks.shared.datasets.splits import SplitRows
from tasks.shared.sequences.batching import by_length
from tasks.views import Table, Text

CLASSES = 3


@dataclasses.dataclass(frozen=True)
class ToyData(SplitRows):
    codes: Any
    lengths: Any
    rows: dict[str, Any]
    state: dict[str, Any]
    notes: tuple[str, ...] = ("made up on the spot",)

    def to(self, device):
        return dataclasses.replace(self, codes=self.codes.to(device))


class ToyState(msgspec.Struct):
    labels: Annotated[list[str], msgspec.Meta(min_length=CLASSES, max_length=CLASSES)]


class Task(base.Task):
    state_form = ToyState
    part_names: ClassVar[dict[str, str]] = {"head": "classifier"}

    def __init__(self, settings, state):
        super().__init__(settings, state)
        self.steps = 0

    @classmethod
    def load(cls, settings, folder):
        if settings.trouble == "data":
            raise DataError(f"{folder}/toy.txt is missing: put it there.")
        generator = torch.Generator().manual_seed(1)
        codes = torch.randint(CLASSES, (settings.rows, 7), generator=generator)
        lengths = torch.randint(2, 8, (settings.rows,), generator=generator)
        every = torch.arange(settings.rows)
        parts = {"train": every[every % 5 > 1], "val": every[every % 5 == 0], "test": every[every % 5 == 1]}
        return ToyData(codes, lengths, parts, {"labels": ["zero", "one", "two [red]"]})

    def build(self, make_recurrent):
        recurrent = make_recurrent(CLASSES)
        pool = LastState(recurrent.directions * recurrent.output_size, recurrent.directions)
        head = nn.Linear(pool.width, CLASSES)
        return SequenceClassifier(OneHot(CLASSES), recurrent, pool, head, dropout=self.settings.dropout)

    def batches(self, data, split, size, generator):
        return by_length(data.rows[split], data.lengths[data.rows[split]], size, generator)

    def loss(self, model, data, rows):
        loss = F.cross_entropy(model(data.codes[rows], data.lengths[rows]), data.codes[rows, 0])
        if not model.training:  # the gradient is probed
            return loss
        self.steps += 1
        time.sleep(self.settings.pause)
        while self.settings.gate and self.steps > 3 and Path(self.settings.gate).exists():
            time.sleep(0.005)
        if self.steps == self.settings.trouble_step:
            match self.settings.trouble:
                case "nan":
                    return loss * float("nan")
                case "oom":
                    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
                case "exit":
                    raise SystemExit(3)
                case "defect":
                    raise AssertionError("a bug of the toy")
        return loss

    def evaluate(self, model, data, split, batch_size):
        rows = data.rows[split]
        scores = model(data.codes[rows], data.lengths[rows])
        truth = data.codes[rows, 0]
        loss = float(F.cross_entropy(scores, truth))
        return metrics.evaluation(
            truth.cpu().numpy(),
            scores.argmax(1).cpu().numpy(),
            self.state["labels"],
            of="symbol",
            loss=loss,
            numbers=rows.cpu().numpy(),
        )

    def predict(self, model, text):
        if not text.isdigit():
            raise ValueError(f"{text!r} is not a row of digits: type digits below {CLASSES}.")
        if self.settings.trouble == "defect":
            raise KeyError("a bug of the toy")
        codes = torch.tensor([[int(c) % CLASSES for c in text]])
        shares = model(codes, torch.tensor([len(text)]))[0].softmax(0)
        rows = [[label, float(share)] for label, share in zip(self.state["labels"], shares, strict=True)]
        return [Table(title=text, columns=["symbol", "probability"], rows=rows), Text(title="echo", text=text)]

    def reading(self, model, text):
        if not text.strip().isdigit():
            raise ValueError(f"{text!r} is not a row of digits: type digits below {CLASSES}.")
        digits = [int(digit) % CLASSES for digit in text.strip()]
        notes = (
            [f"Digits from {CLASSES} on are read as smaller ones."] if max(map(int, text.strip())) >= CLASSES else []
        )
        return self._reading(model, digits, notes=notes)

    def reading_of_row(self, model, data, row):
        return self._reading(model, data.codes[row, : data.lengths[row]].tolist(), known=True)

    def _reading(self, model, digits, notes=(), *, known=False):
        labels = self.state["labels"]
        return Reading(
            symbols=[str(digit) for digit in digits],
            inputs=model.features(torch.tensor([digits])),
            readout=lambda _, outputs, lengths: model.readout(outputs, lengths),
            answers=labels,
            expected=[*[""] * (len(digits) - 1), labels[digits[0]]] if known else (),
            traits={"zero": [float(digit == 0) for digit in digits]},
            notes=notes,
        )

    def baseline(self, data, *, cached_only=False):
        return {split: {"majority": {"accuracy": 0.4, "macro_f1": 0.2}} for split in base.EVAL_SPLITS}
