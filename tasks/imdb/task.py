"""IMDB sentiment: its data, its tokens, its baselines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tasks.base import Split, State
from tasks.imdb import data as imdb
from tasks.imdb.settings import Settings
from tasks.shared.baselines import svm
from tasks.shared.baselines.svm import NgramSource
from tasks.shared.classification.metrics import Guesses
from tasks.shared.text import tokenizers
from tasks.shared.text.data import TextData
from tasks.shared.text.task import TextTask


class Task(TextTask[Settings]):
    """Sentiment of a film's review."""

    of = "sentiment"

    @classmethod
    def load(cls, settings: Settings, folder: Path) -> TextData:
        return imdb.load(settings, folder)

    @classmethod
    def load_again(cls, settings: Settings, folder: Path, state: State) -> TextData:
        return imdb.load(settings, folder, joined="splitting" in state)

    def tokens(self, text: str) -> list[str]:
        return tokenizers.english(text)

    def baseline_guesses(self, data: TextData) -> Mapping[Split, Guesses]:
        words = NgramSource(data.words, 2, int(data.words.flat.max()) + 1)
        return svm.guesses([words], data.labels.cpu().numpy(), data.rows)
