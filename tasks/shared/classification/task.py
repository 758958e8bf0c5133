"""A task that names a sequence's class: its loss, its metrics, its answers.

Shapes: B batch, C classes, N examples.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, ClassVar, Protocol, TypeVar

import msgspec
import torch
from msgspec import Meta
from torch import Tensor, nn
from torch.nn import functional as F

from tasks import base
from tasks.base import Baselines, CacheName, Evaluation, Reading, RecurrentNetwork, Split, State
from tasks.shared.classification import adversarial, metrics, r_drop
from tasks.shared.classification.ensemble import Ensemble, classifiers_of, members_of
from tasks.shared.classification.metrics import Guesses
from tasks.shared.classification.model import SequenceClassifier
from tasks.shared.classification.settings import ClassificationSettings
from tasks.views import Table


class LabelsState(msgspec.Struct):
    """Fields of a classification task's state."""

    labels: Annotated[list[str], Meta(min_length=1)]
    train_counts: list[Annotated[int, Meta(ge=0)]]
    cache: CacheName = ""

    def __post_init__(self) -> None:
        if len(self.labels) != len(self.train_counts):
            raise ValueError("There are not as many counts as labels")


class LabelledData(base.Data, Protocol):
    """Data whose rows have a class each."""

    @property
    def labels(self) -> Tensor:
        """Class numbers (N,) int64, on the device."""
        ...


SettingsT = TypeVar("SettingsT", bound=ClassificationSettings)
LabelledDataT = TypeVar("LabelledDataT", bound=LabelledData)


class ClassificationTask(base.Task[SettingsT, LabelledDataT]):
    """Task with class labels and their counts in training (``state``: ``labels``, ``train_counts``)."""

    state_form: ClassVar[type[msgspec.Struct]] = LabelsState
    of: str  # the noun for a class: the heading of its column
    part_names: ClassVar[Mapping[str, str]] = {"head": "classifier", "beside": "beside it"}

    def __init__(self, settings: SettingsT, state: State) -> None:
        super().__init__(settings, state)
        self.labels: list[str] = list(state["labels"])
        counts = torch.tensor(state["train_counts"], dtype=torch.float)
        self._shares = counts.clamp(min=1) / counts.sum()  # (C,)

    def build(self, make_recurrent: Callable[[int], RecurrentNetwork]) -> nn.Module:
        beside, members = self.build_beside(), self.settings.members
        if members == 1:
            return self.build_network(make_recurrent, beside)
        return Ensemble([self.build_network(make_recurrent) for _ in range(members)], beside)

    @abstractmethod
    def build_network(
        self, make_recurrent: Callable[[int], RecurrentNetwork], beside: nn.Module | None = None
    ) -> SequenceClassifier:
        """Build one network."""

    def build_beside(self) -> nn.Module | None:
        """Build the model whose scores are averaged with the network's; none."""
        return None

    @abstractmethod
    def examples(self, data: LabelledDataT, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return some rows as the network reads them: codes (B,T) or (B,T,…), lengths (B,) on the CPU; labels (B,)."""

    def scores(self, model: nn.Module, data: LabelledDataT, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores (B,C) and labels (B,) of some rows, on the model's device."""
        codes, lengths, labels = self.examples(data, rows)
        return model(codes, lengths), labels

    @abstractmethod
    def texts(self, data: LabelledDataT, rows: Tensor) -> list[str]:
        """Return some rows as text, as far as their encoding allows."""

    def batches_of(self, data: LabelledDataT, split: Split, label: int, size: int) -> list[Tensor]:
        """Return the rows of a split that are of one class, each once, as batches of like length."""
        every = torch.cat(list(self.batches(data, split, size, None)))
        rows = dict.fromkeys(every[data.labels.cpu()[every] == label].tolist())
        return list(torch.split(torch.tensor([*rows], dtype=torch.int64), size)) if rows else []

    def shares(self, model: nn.Module, data: LabelledDataT, rows: Tensor) -> Tensor:
        """Return the probabilities (B,C) of the classes of some rows."""
        return self.scores(model, data, rows)[0].float().softmax(1)

    def loss(self, model: nn.Module, data: LabelledDataT, rows: Tensor) -> Tensor:
        twice = self.settings.r_drop > 0 and model.training
        codes, lengths, labels = self.examples(data, torch.cat([rows, rows]) if twice else rows)

        def of_scores(scores: Tensor) -> Tensor:
            return self._loss(scores, labels, self._weights, twice=twice)

        if size := self.settings.adversarial:
            losses = [adversarial.loss(member, codes, lengths, of_scores, size) for member in classifiers_of(model)]
        else:
            losses = [of_scores(member(codes, lengths)) for member in members_of(model)]
        return torch.stack(losses).mean()

    def loss_weight(self, data: LabelledDataT, rows: Tensor) -> Tensor | float:
        if self._weights is None:
            return len(rows)
        labels = data.labels[rows.to(data.labels.device)]
        return self._weights.to(labels.device)[labels].double().sum()

    def probe_loss(self, model: nn.Module, data: LabelledDataT, rows: Tensor) -> Tensor:
        """Return the training loss without the classes' weights: each example counts as in a batch of its own."""
        return self._loss(*self.scores(model, data, rows))

    @property
    def _weights(self) -> Tensor | None:
        """Weights (C,) of the classes in the loss; ``None``: all the same."""
        if self.settings.imbalance != "weights":
            return None
        return (self._shares * len(self.labels)).pow(-self.settings.imbalance_strength)

    def _loss(self, scores: Tensor, labels: Tensor, weights: Tensor | None = None, *, twice: bool = False) -> Tensor:
        """Return the loss of scores (B,C) for labels (B,), a scalar.

        Args:
            weights: (C,) of the classes; none: all the same.
            twice: the second half are the examples of the first, read with other dropouts.
        """
        if self.settings.imbalance == "logit-adjustment":  # A. K. Menon et al., ICLR 2021, eq. 10; strength: its τ
            scores = scores + self.settings.imbalance_strength * self._shares.log().to(scores.device)
        weights = None if weights is None else weights.to(scores.device)
        loss = F.cross_entropy(scores, labels, weights, label_smoothing=self.settings.label_smoothing)
        if twice:
            counted = None if weights is None else weights[labels[: len(labels) // 2]]
            loss = loss + self.settings.r_drop / 2 * r_drop.divergence(scores, counted)
        return loss

    def evaluate(self, model: nn.Module, data: LabelledDataT, split: Split, batch_size: int) -> Evaluation:
        batches = self.batches(data, split, batch_size, None)
        results = [self.scores(model, data, rows) for rows in batches]
        scores = torch.cat([s for s, _ in results]).float()  # (N,C)
        labels = torch.cat([y for _, y in results])  # (N,)
        truth, predicted = labels.cpu().numpy(), scores.argmax(1).cpu().numpy()
        loss = float(F.cross_entropy(scores, labels))
        rows = torch.cat(list(batches)).numpy()
        return metrics.evaluation(
            truth, predicted, self.labels, of=self.of, loss=loss, note=self.protocol, numbers=rows
        )

    @abstractmethod
    def baseline_guesses(self, data: LabelledDataT) -> Mapping[Split, Guesses]:
        """Fit the baselines, and return their guesses of the classes of validation and test rows."""

    def measure_baselines(self, data: LabelledDataT) -> Baselines:
        """Fit the baselines and measure them on validation and test rows."""
        labels = data.labels.cpu().numpy()
        return {
            split: {
                method: metrics.metrics(labels[of.rows], guess, len(self.labels))
                for method, guess in of.methods.items()
            }
            for split, of in self.baseline_guesses(data).items()
        }

    def classifier_reading(
        self, model: nn.Module, codes: Tensor, symbols: Sequence[str], *notes: str, label: int = -1
    ) -> Reading:
        """Return the reading of one sequence by a ``SequenceClassifier``, or by an ensemble's first.

        Args:
            codes: (1,T) or (1,T,…).
            symbols: T, the letters or words.
            notes: sentences on what was not read; empty ones are left out.
            label: its class; -1: not known.
        """
        beside = "The linear model of n-grams beside the network is left out." if model.beside is not None else ""
        network, *others = classifiers_of(model)
        alone = f"The first of {1 + len(others)} networks is shown, and answers alone." if others else ""
        last = len(symbols) - 1
        end = {  # of two classes the second tells all
            f"{self.of} {name}": [math.nan] * last + [float(number == label)]
            for number, name in enumerate(self.labels)
            if label >= 0 and (len(self.labels) > 2 or number)
        }
        return Reading(
            symbols=symbols,
            inputs=network.features(codes),
            readout=lambda _, outputs, lengths: network.readout(outputs, lengths),
            answers=self.labels,
            expected=[*[""] * last, self.labels[label]] if label >= 0 else (),
            traits={**self.step_traits(symbols), **end},
            notes=[*filter(None, [*notes, alone, beside])],
        )

    def step_traits(self, symbols: Sequence[str]) -> Mapping[str, Sequence[float]]:
        """Return what is known of each step from its symbol alone: see ``Reading.traits``."""
        return {}

    def answer(self, title: str, scores: Tensor, *remarks: str) -> Table:
        """Return a table of the likeliest classes by a text's scores (1,C).

        Args:
            remarks: sentences on what of the text was not read (``unread``); empty ones are left out.
        """
        shares, best = scores[0].float().softmax(0).topk(min(3, len(self.labels)))
        rows = [[self.labels[k], p] for k, p in zip(best.tolist(), shares.tolist(), strict=True)]
        return Table(
            title=title, columns=[self.of, "probability"], rows=list(rows), note=" ".join(filter(None, remarks))
        )
