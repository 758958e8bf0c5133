"""Names → language: the network, its loss, its metrics and its answers.

Shapes: B batch, T time, I input size, C classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from tasks import base
from tasks.base import HELD, Evaluation, Metrics, Recurrent, Split
from tasks.common import baselines, cache, classification
from tasks.common.batching import by_length, uniform_over_classes
from tasks.common.classifier import OneHot, SequenceClassifier
from tasks.names import data as names
from tasks.names.data import LETTERS, NamesData
from tasks.names.settings import Settings
from tasks.views import Table, View


class Task(base.Task):
    """Which of 18 languages a surname comes from."""

    settings: Settings

    def __init__(self, settings: Settings, state: Mapping[str, Any]) -> None:
        super().__init__(settings, state)
        self.labels: list[str] = list(state["labels"])
        counts = torch.tensor(state["train_counts"], dtype=torch.float)
        self._shares = counts.clamp(min=1) / counts.sum()  # (C,)

    @property
    def protocol(self) -> str:
        return "training pool, class-balanced" if self.settings.evaluation == "pool" else ""

    @classmethod
    def load(cls, settings: Settings, folder: Path) -> NamesData:
        return names.load(settings, folder)

    @classmethod
    def recall(cls, settings: Settings, state: Mapping[str, Any]) -> NamesData:
        return names.recall(settings, state["cache"])

    def build(self, make_recurrent: Callable[[int], Recurrent]) -> nn.Module:
        one_hot = self.settings.input == "one-hot"
        symbols: nn.Module = OneHot(len(LETTERS)) if one_hot else nn.Embedding(len(LETTERS), self.settings.embedding)
        recurrent = make_recurrent(len(LETTERS) if one_hot else self.settings.embedding)
        width = recurrent.directions * recurrent.output_size
        if self.settings.head == "identity" and width != len(self.labels):
            raise ValueError(
                f"task.head=identity takes the recurrence's output, {width} wide, as the scores of "
                f"{len(self.labels)} languages: set cell.output_size={len(self.labels)} with tutorial-rnn, one way."
            )
        head = nn.Identity() if self.settings.head == "identity" else nn.Linear(width, len(self.labels))
        return SequenceClassifier(
            symbols, recurrent, head, dropout=self.settings.dropout, symbol_dropout=self.settings.letter_dropout
        )

    def batches(self, data: NamesData, split: Split, size: int, generator: Generator | None) -> Sequence[Tensor]:
        rows = data.rows[split]
        if self.settings.draw == "languages" and generator is not None:
            rows = rows[uniform_over_classes(data.labels.cpu()[rows], len(rows), generator)]
        return by_length(rows, data.lengths[rows], size, generator)

    def loss(self, model: nn.Module, data: NamesData, rows: Tensor) -> Tensor:
        scores, labels = self._scores(model, data, rows)
        weights = None
        match self.settings.imbalance:
            case "weights":
                weights = 1 / (self._shares * len(self.labels)).to(scores.device)
            case "logit-adjustment":  # A. K. Menon et al., Long-tail learning via logit adjustment, ICLR 2021, eq. 10
                scores = scores + self._shares.log().to(scores.device)
        return F.cross_entropy(scores, labels, weights, label_smoothing=self.settings.label_smoothing)

    def evaluate(self, model: nn.Module, data: NamesData, split: Split, batch_size: int) -> Evaluation:
        results = [self._scores(model, data, rows) for rows in self.batches(data, split, batch_size, None)]
        scores = torch.cat([s for s, _ in results]).float()  # (N,C)
        labels = torch.cat([y for _, y in results])  # (N,)
        return classification.evaluation(
            labels.cpu().numpy(),
            scores.argmax(1).cpu().numpy(),
            self.labels,
            of="language",
            loss=float(F.cross_entropy(scores, labels)),
            note=self.protocol,
        )

    def predict(self, model: nn.Module, text: str) -> list[View]:
        name, _ = names.fold(text)
        if not name:
            raise ValueError(f"{text!r} has no letter that this model knows: type the name in Latin letters.")
        device = next(model.parameters()).device
        scores = model(torch.tensor([names.encode(name)], device=device), torch.tensor([len(name)]))  # (1,C)
        shares, best = scores[0].float().softmax(0).topk(min(3, len(self.labels)))
        rows = [[self.labels[k], p] for k, p in zip(best.tolist(), shares.tolist(), strict=True)]
        return [Table(title=text.strip(), columns=["language", "probability"], rows=rows)]

    def baseline(self, data: NamesData, *, cached_only: bool = False) -> dict[str, dict[str, Metrics]]:
        def compute() -> dict[str, dict[str, Metrics]]:
            held = {split: data.names(split) for split in HELD}
            return baselines.character_ngrams(*data.names("train"), held, len(self.labels), longest=4)

        key = cache.key("names baseline", 2, data.state["cache"], self.settings.evaluation)
        kind = dict[str, dict[str, Metrics]]
        found: dict[str, dict[str, Metrics]] = cache.values(
            f"names-baseline-{key}", dict if cached_only else compute, kind, keep=not cached_only
        )
        return found

    def _scores(self, model: nn.Module, data: NamesData, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (B,C) and labels (B,) of the rows."""
        lengths = data.lengths[rows]
        there = rows.to(data.codes.device, non_blocking=True)
        codes = data.codes[there, : int(lengths.max())].long()  # (B,T)
        return model(codes, lengths), data.labels[there]
