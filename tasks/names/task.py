"""Names → language: the network, its loss, its metrics and its answers.

Shapes: B batch, T time, I input size, C classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar

import msgspec
import torch
from msgspec import Meta
from torch import Generator, Tensor, nn

from tasks.base import EVAL_SPLITS, Baselines, Reading, RecurrentNetwork, Split, State
from tasks.names import data as names
from tasks.names import preview
from tasks.names.data import LETTERS, NamesData
from tasks.names.settings import Settings
from tasks.preview import Preview
from tasks.shared.baselines import character_ngrams
from tasks.shared.classification import unread
from tasks.shared.classification.ensemble import classifiers_of
from tasks.shared.classification.metrics import Guesses
from tasks.shared.classification.model import OneHot, SequenceClassifier, make_pooling
from tasks.shared.classification.ngram_embedding import SHORTEST, NgramEmbedding
from tasks.shared.classification.task import ClassificationTask, LabelsState
from tasks.shared.datasets import cache
from tasks.shared.datasets.cache import kept_baseline
from tasks.shared.sequences.batching import by_length, uniform_over_classes
from tasks.shared.text.visible import shortened
from tasks.views import View


class NamesState(LabelsState, kw_only=True):
    """Fields of the task's state."""

    letter_ngrams: Annotated[int, Meta(ge=0, le=10**8)] = 0  # those that are known; in older states none


class Task(ClassificationTask[Settings, NamesData]):
    """Language of a surname, one of 18, or its class in the user's own folder."""

    state_form: ClassVar[type[msgspec.Struct]] = NamesState
    of = "language"

    def __init__(self, settings: Settings, state: State) -> None:
        super().__init__(settings, state)
        self._ngrams: int = state["letter_ngrams"] if settings.letter_ngrams >= SHORTEST else 0
        if settings.folder:
            self.of = "class"

    @property
    def protocol(self) -> str:
        return "training pool, class-balanced" if self.settings.evaluation == "pool" else ""

    @classmethod
    def load(cls, settings: Settings, folder: Path) -> NamesData:
        return names.load(settings, folder)

    @classmethod
    def preview(cls, settings: Settings, folder: Path) -> Preview:
        return preview.preview(settings, folder)

    @classmethod
    def load_cached(cls, settings: Settings, state: State) -> NamesData:
        return names.load_cached(settings, state["cache"])

    def build_network(
        self, make_recurrent: Callable[[int], RecurrentNetwork], beside: nn.Module | None = None
    ) -> SequenceClassifier:
        symbols = self._symbols()
        recurrent = make_recurrent(len(LETTERS) if isinstance(symbols, OneHot) else self.settings.embedding)
        pool = make_pooling(self.settings.pooling, recurrent.directions * recurrent.output_size, recurrent.directions)
        width = pool.width
        if self.settings.head == "identity" and width != len(self.labels):
            noun = "classes" if self.settings.folder else "languages"
            raise ValueError(
                f"task.head=identity takes the recurrence's output, {width} wide, as the scores of "
                f"{len(self.labels)} {noun}: set cell.output_size={len(self.labels)} with tutorial-rnn, one way."
            )
        head = nn.Identity() if self.settings.head == "identity" else nn.Linear(width, len(self.labels))
        return SequenceClassifier(
            symbols,
            recurrent,
            pool,
            head,
            dropout=self.settings.dropout,
            input_dropout=self.settings.input_dropout,
            symbol_dropout=self.settings.letter_dropout,
            beside=beside,
        )

    def _symbols(self) -> nn.Module:
        settings, size = self.settings, len(LETTERS)
        if settings.input == "one-hot":
            return OneHot(size)
        embedding = nn.Embedding(size, settings.embedding)
        if settings.letter_ngrams < SHORTEST:  # a letter has its own embedding
            return embedding
        return NgramEmbedding(embedding, size, settings.letter_ngrams, self._ngrams, dropout=settings.ngram_dropout)

    def initialise(self, model: nn.Module, data: NamesData) -> None:
        for network in classifiers_of(model):
            if isinstance(symbols := network.input, NgramEmbedding):
                symbols.keys.copy_(data.letter_ngrams(self.settings.letter_ngrams))

    def batches(self, data: NamesData, split: Split, size: int, generator: Generator | None) -> Sequence[Tensor]:
        rows = data.rows[split]
        if self.settings.draw == "languages" and generator is not None:
            rows = rows[uniform_over_classes(data.labels.cpu()[rows], len(rows), generator)]
        return by_length(rows, data.lengths[rows], size, generator)

    def texts(self, data: NamesData, rows: Tensor) -> list[str]:
        return data.texts(rows)

    def predict(self, model: nn.Module, text: str) -> list[View]:
        name, codes, note = _read(model, text)
        return [self.answer(text.strip(), model(codes, torch.tensor([len(name)])), note)]

    def reading(self, model: nn.Module, text: str) -> Reading:
        name, codes, note = _read(model, text)
        return self.classifier_reading(model, codes, list(name), note)

    def reading_of_row(self, model: nn.Module, data: NamesData, row: int) -> Reading:
        name = data.texts(torch.tensor([row]))[0]
        return self.classifier_reading(model, _codes(model, name), list(name), label=int(data.labels[row]))

    def step_traits(self, symbols: Sequence[str]) -> Mapping[str, Sequence[float]]:
        return {"vowel": [float(letter.lower() in "aeiouy") for letter in symbols]}

    def baseline(self, data: NamesData, *, cached_only: bool = False) -> Baselines:
        key = cache.key("names baseline", 3, data.state["cache"], self.settings.evaluation)
        return kept_baseline(f"names-baseline-{key}", lambda: self.measure_baselines(data), cached_only=cached_only)

    def baseline_guesses(self, data: NamesData) -> Mapping[Split, Guesses]:
        evaluated = {split: data.names(split) for split in EVAL_SPLITS}
        guesses = character_ngrams.character_ngrams(*data.names("train"), evaluated, longest=4)
        return {split: Guesses(data.rows[split].numpy(), methods) for split, methods in guesses.items()}

    def examples(self, data: NamesData, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        lengths = data.lengths[rows]
        there = rows.to(data.codes.device, non_blocking=True)
        codes = data.codes[there, : int(lengths.max())].long()  # (B,T)
        return codes, lengths, data.labels[there]


def _read(model: nn.Module, text: str) -> tuple[str, Tensor, str]:
    """Return a name in the letters that a network knows, their codes (1,T), and a sentence on the others.

    Raises:
        ValueError: it has none of them.
    """
    name, dropped = names.fold(text)
    if not name:
        raise ValueError(f"{shortened(text)!r} has no letter that this model knows: type the name in Latin letters.")
    return name, _codes(model, name), unread.unknown(dropped, len(name) + len(dropped), "characters")


def _codes(model: nn.Module, name: str) -> Tensor:
    return torch.tensor([names.encode(name)], device=next(model.parameters()).device)
