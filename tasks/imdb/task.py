"""IMDB sentiment: its data, its tokens, its naive methods."""

from __future__ import annotations

from pathlib import Path

from tasks.common import svm, tokens
from tasks.common.cache import Methods
from tasks.common.svm import Symbols
from tasks.common.text_data import TextData
from tasks.common.text_task import TextTask
from tasks.imdb import data as imdb
from tasks.imdb.settings import Settings


class Task(TextTask):
    """Whether a film's review is in favour."""

    of = "sentiment"

    @classmethod
    def load(cls, settings: Settings, folder: Path) -> TextData:
        return imdb.load(settings, folder)

    def tokens(self, text: str) -> list[str]:
        return tokens.english(text)

    def measure_baselines(self, data: TextData) -> Methods:
        words = Symbols(data.words, 2, int(data.words.flat.max()) + 1)
        return svm.measure([words], data.labels.cpu().numpy(), data.rows, len(self.labels), strength=0.3)
