"""Settings of the adding task. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import Meta

from tasks.base import LOSS, Metric, Value
from tasks.shared.drawn import DrawnSettings


class Settings(DrawnSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the adding task (``--set task.NAME=VALUE``)."""

    title: ClassVar[str] = "numbers → sum of the two that are marked"
    about: ClassVar[str] = "Add the two marked numbers of a long row: a test of memory, without a dataset."
    metrics: ClassVar[Mapping[str, Metric]] = {
        "loss": LOSS,
        "solved": Metric(heading="solved", higher_is_better=True),
    }
    defaults: ClassVar[Mapping[str, Value]] = {
        "cell.hidden": 32,
        "train.batch_size": 32,
        "train.epochs": 0,
        "train.max_steps": 3_000,
        "train.eval_every": 100,
        "train.eval_train": 0,
        "train.lr": 1e-2,
        "train.precision": "fp32",
    }

    length: Annotated[int, Meta(ge=2, le=100_000, description="T, numbers in a row")] = 100
