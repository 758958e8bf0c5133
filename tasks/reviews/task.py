"""Chinese shopping reviews: its data, its tokens, its baselines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tasks.base import Split
from tasks.reviews import data as reviews
from tasks.reviews.settings import Settings
from tasks.shared.baselines import svm
from tasks.shared.baselines.svm import NgramSource
from tasks.shared.classification.metrics import Guesses
from tasks.shared.text.data import SPECIALS, TextData
from tasks.shared.text.task import TextTask


class Task(TextTask[Settings]):
    """Kind of goods that a review speaks of, one of ten."""

    of = "category"

    @classmethod
    def load(cls, settings: Settings, folder: Path) -> TextData:
        return reviews.load(settings, folder)

    def tokens(self, text: str) -> list[str]:
        return reviews.words(text) if text.strip() else []

    def baseline_guesses(self, data: TextData) -> Mapping[Split, Guesses]:
        sources = [
            NgramSource(data.words, 1, len(data.letters.lengths)),
            NgramSource(data.characters, 3, len(SPECIALS) + len(data.state["characters"])),
        ]
        return svm.guesses(sources, data.labels.cpu().numpy(), data.rows)
