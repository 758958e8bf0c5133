"""Texts of one's own: their data, their tokens, their baselines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch

from tasks.base import Split, State
from tasks.preview import Preview
from tasks.shared.baselines import svm
from tasks.shared.baselines.svm import NgramSource
from tasks.shared.classification.metrics import Guesses
from tasks.shared.datasets.progress import report_progress
from tasks.shared.sequences.ragged import Ragged
from tasks.shared.text.data import SPECIALS, TextData
from tasks.shared.text.settings import Input
from tasks.shared.text.task import TextState, TextTask
from tasks.text import data as texts
from tasks.text.settings import ENOUGH_FOR_WORD2VEC, Settings

_BASELINE_TOKENS = 5_000_000  # of a split's texts, that the baselines read
_WORD2VEC_TOKENS = 5_000_000  # of the training split's texts: IMDB's are so many


class OwnTextState(TextState, kw_only=True):
    """Fields of the task's state."""

    unit: Literal["chinese", "english", "words", "characters"]


class Task(TextTask[Settings]):
    """Class of a text of one's own."""

    of = "class"
    state_form = OwnTextState

    def __init__(self, settings: Settings, state: State) -> None:
        super().__init__(settings, state)
        self.unit = state["unit"]

    @property
    def input(self) -> Input:
        return "both" if self.unit == "chinese" else "words"

    @classmethod
    def load(cls, settings: Settings, folder: Path) -> TextData:
        return texts.load(settings, folder)

    @classmethod
    def preview(cls, settings: Settings, folder: Path) -> Preview:
        return texts.preview(settings, folder)

    def tokens(self, text: str) -> list[str]:
        return list(texts.tokenizer(self.unit)(text)) if text.strip() else []

    def starts_from_word2vec(self, data: TextData) -> bool:
        if self.settings.init == "auto":
            return int(data.words.lengths[data.rows["train"]].sum()) >= ENOUGH_FOR_WORD2VEC
        return super().starts_from_word2vec(data)

    def sentences(self, data: TextData) -> list[list[int]]:
        rows = _some(data.words, data.rows["train"], _WORD2VEC_TOKENS)
        if len(rows) < len(data.rows["train"]):
            report_progress(f"word2vec reads {len(rows):,} of {len(data.rows['train']):,} training texts.")
        return super().sentences(data.restricted("train", _places(data.rows["train"], rows)))

    def baseline_guesses(self, data: TextData) -> Mapping[Split, Guesses]:
        rows = {split: _some(data.words, of, _BASELINE_TOKENS) for split, of in data.rows.items()}
        every = torch.cat([*rows.values()])
        read = Ragged(every.int(), torch.ones_like(every)).spelled(data.words)
        ends = torch.tensor([len(of) for of in rows.values()]).cumsum(0).tolist()
        here: dict[Split, torch.Tensor] = {
            split: torch.arange(end - len(of), end) for (split, of), end in zip(rows.items(), ends, strict=True)
        }
        longest = {"chinese": 1, "characters": 3}.get(self.unit, 2)
        sources = [NgramSource(read, longest, int(data.words.flat.max()) + 1)]
        if self.unit == "chinese":
            spelled = read.spelled(data.letters)
            sources.append(NgramSource(spelled, 3, len(SPECIALS) + len(data.state["characters"])))
        found = svm.guesses(sources, data.labels.cpu()[every].numpy(), here)
        sample = ""
        if len(rows["train"]) < len(data.rows["train"]):
            sample = f" of {len(rows['train']):,} texts"
            report_progress(f"The baselines learn from {len(rows['train']):,} of {len(data.rows['train']):,} texts.")
        return {
            split: Guesses(every[of.rows].numpy(), {f"{name}{sample}": guess for name, guess in of.methods.items()})
            for split, of in found.items()
        }


def _some(texts: Ragged, rows: torch.Tensor, tokens: int) -> torch.Tensor:
    """Return as many of the rows (n,) as have so many tokens, in the order of the data: all, or a random sample."""
    if int(texts.lengths[rows].sum()) <= tokens:
        return rows
    drawn = rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))]
    within = texts.lengths[drawn].cumsum(0) <= tokens
    return drawn[within].sort().values


def _places(rows: torch.Tensor, some: torch.Tensor) -> torch.Tensor:
    """Return the places of some of the rows (n,), which are ascending, among them."""
    return torch.searchsorted(rows, some)
