"""A writer for the tests: a tiny language of wide characters, brackets among them. No dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import Meta

from tasks import base
from tasks.base import Metric, Value


class Settings(base.Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: ClassVar[str] = "scribe"
    about: ClassVar[str] = "Go round a circle of characters."
    default_cell: ClassVar[str] = "gru"
    causal: ClassVar[bool] = True
    writes: ClassVar[bool] = True
    metric: ClassVar[str] = "nll"
    metrics: ClassVar[Mapping[str, Metric]] = {
        "nll": Metric(heading="NLL", digits=3, higher_is_better=False),
        "perplexity": Metric(heading="perplexity", digits=1, higher_is_better=False),
    }
    defaults: ClassVar[Mapping[str, Value]] = {
        "cell.hidden": 16,
        "train.batch_size": 16,
        "train.epochs": 8,
        "train.lr": 0.02,
        "train.threads": 1,
        "train.checkpoint_seconds": 1000.0,
    }

    rows: Annotated[int, Meta(ge=10, le=100_000, description="texts in all")] = 160
    dropout: Annotated[float, Meta(ge=0, lt=1, description="dropout before the scores")] = 0.1
    draws: Annotated[bool, Meta(description="a sample draws from torch's own generator, which it must not")] = False
