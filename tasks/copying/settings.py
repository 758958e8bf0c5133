"""Settings of the copying task. No torch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from string import ascii_letters, digits
from typing import Annotated, ClassVar

from msgspec import Meta

from tasks.base import LOSS, Metric, Value
from tasks.shared.drawn import DrawnSettings

LETTERS = ascii_letters + digits  # that symbols are written with


class Settings(DrawnSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the copying task (``--set task.NAME=VALUE``)."""

    title: ClassVar[str] = "symbols → the same after many blanks"
    about: ClassVar[str] = "Recall ten symbols after a long row of blanks: a test of memory, without a dataset."
    metric: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True
    best_by_loss: ClassVar[bool] = True
    metrics: ClassVar[Mapping[str, Metric]] = {
        "loss": LOSS,
        "accuracy": Metric(heading="accuracy", higher_is_better=True, abbreviation="acc"),
    }
    data_settings: ClassVar[Sequence[str]] = (*DrawnSettings.data_settings, "alphabet", "recalled")
    defaults: ClassVar[Mapping[str, Value]] = {
        "cell.hidden": 64,
        "train.batch_size": 32,
        "train.epochs": 0,
        "train.max_steps": 3_000,
        "train.eval_every": 100,
        "train.eval_train": 0,
        "train.lr": 5e-3,
        "train.precision": "fp32",
    }

    length: Annotated[int, Meta(ge=1, le=100_000, description="T, steps between the symbols and their recall")] = 100
    alphabet: Annotated[int, Meta(ge=2, le=len(LETTERS), description="symbols that there are")] = 8
    recalled: Annotated[int, Meta(ge=1, le=1_000, description="symbols to be recalled")] = 10

    @property
    def steps(self) -> int:
        """Steps of a sequence: the symbols, T, and their recall."""
        return self.length + 2 * self.recalled

    @property
    def memoryless_loss(self) -> float:
        """Cross-entropy of blanks where blanks are due, and a guess among all symbols where they are recalled."""
        return self.recalled * math.log(self.alphabet) / self.steps
