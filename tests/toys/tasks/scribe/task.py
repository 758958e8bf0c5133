"""Shapes: B batch, T time, V vocabulary."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from tasks.base import Evaluation
from tasks.shared.datasets.splits import SplitRows
from tasks.writer import SampleRequest, Writer

PAD, START, END = range(3)
CIRCLE = "月明光照[red]心"  # each follows the one before it, round and round
V = 3 + len(CIRCLE)
LONGEST = 12


@dataclasses.dataclass(frozen=True)
class ScribeData(SplitRows):
    codes: Any  # (N,T), padded
    lengths: Any
    rows: dict[str, Any]
    state: dict[str, Any]
    notes: tuple[str, ...] = ()

    def to(self, device):
        return dataclasses.replace(self, codes=self.codes.to(device))


class Scribe(nn.Module):
    def __init__(self, recurrent, dropout):
        super().__init__()
        self.recurrent, self.dropout = recurrent, nn.Dropout(dropout)
        self.head = nn.Linear(recurrent.output_size, V)

    def forward(self, codes, lengths=None, state=None, *, return_state=False):
        outputs, state = self.recurrent(F.one_hot(codes, V).float(), lengths, state, return_state=return_state)
        return self.head(self.dropout(outputs)), state


class Task(Writer):
    def __init__(self, settings, state):
        super().__init__(settings, state)
        self.steps_read = []  # T of each call of ``read``
        self.epochs_begun = []

    @classmethod
    def load(cls, settings, folder):
        generator = torch.Generator().manual_seed(1)
        first = torch.randint(len(CIRCLE), (settings.rows, 1), generator=generator)
        codes = 3 + (first + torch.arange(LONGEST)) % len(CIRCLE)
        lengths = torch.randint(4, LONGEST, (settings.rows,), generator=generator)
        codes[torch.arange(LONGEST) == lengths[:, None]] = END
        codes[torch.arange(LONGEST) > lengths[:, None]] = PAD
        codes = torch.cat([torch.full((settings.rows, 1), START), codes], 1)
        every = torch.arange(settings.rows)
        parts = {"train": every[every % 5 > 1], "val": every[every % 5 == 0], "test": every[every % 5 == 1]}
        return ScribeData(codes, lengths, parts, {"circle": CIRCLE})

    def build(self, make_recurrent):
        return Scribe(make_recurrent(V), self.settings.dropout)

    def begin_epoch(self, model, epoch):
        self.epochs_begun.append(epoch)

    def batches(self, data, split, size, generator):
        rows = data.rows[split]
        if generator is not None:
            rows = rows[torch.randperm(len(rows), generator=generator)]
        return torch.split(rows, size)

    def loss(self, model, data, rows):
        codes = data.codes[rows]
        scores, _ = model(codes[:, :-1], data.lengths[rows] + 1)
        return F.cross_entropy(scores.transpose(1, 2), codes[:, 1:], ignore_index=PAD)

    def loss_weight(self, data, rows):
        return (data.codes[rows][:, 1:] != PAD).sum()

    def evaluate(self, model, data, split, batch_size):
        nll = float(self.loss(model, data, data.rows[split]))
        return Evaluation(metrics={"loss": nll, "nll": nll, "perplexity": math.exp(nll)})

    def sample_request(self, start=None):
        if self.settings.draws:
            torch.rand(1)
        title = "a text, seed 0" if start is None else start
        start = "月" if start is None else start
        return SampleRequest(start=start, title=title, limit=LONGEST - 1 - len(start))

    @property
    def end(self):
        return END

    @property
    def never_sampled(self):
        return PAD, START

    def prompt(self, text):
        for c in text:
            if c not in CIRCLE:
                raise ValueError(f"The network never saw {c}: begin with another character.")
        return [START, *(3 + CIRCLE.index(c) for c in text)]

    def token(self, code):
        return CIRCLE[code - 3] if code >= 3 else ""

    def read(self, model, codes, state=None):
        self.steps_read.append(codes.shape[1])
        scores, state = model(codes, None, state, return_state=True)
        return scores[:, -1], state
