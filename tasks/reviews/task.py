"""Chinese shopping reviews: its data, its tokens, its baselines."""

from __future__ import annotations

from pathlib import Path

from tasks.base import Baselines
from tasks.reviews import data as reviews
from tasks.reviews.settings import Settings
from tasks.shared.baselines import svm
from tasks.shared.baselines.svm import NgramSource
from tasks.shared.text.data import SPECIALS, TextData
from tasks.shared.text.task import TextTask


class Task(TextTask[Settings]):
    """Kind of goods that a review speaks of, one of ten."""

    of = "category"

    @property
    def input(self) -> str:
        return self.settings.input

    @classmethod
    def load(cls, settings: Settings, folder: Path) -> TextData:
        return reviews.load(settings, folder)

    def tokens(self, text: str) -> list[str]:
        return reviews.words(text) if text.strip() else []

    def measure_baselines(self, data: TextData) -> Baselines:
        sources = [
            NgramSource(data.words, 1, len(data.letters.lengths)),
            NgramSource(data.characters, 3, len(SPECIALS) + len(data.state["characters"])),
        ]
        return svm.measure(sources, data.labels.cpu().numpy(), data.rows, len(self.labels))
