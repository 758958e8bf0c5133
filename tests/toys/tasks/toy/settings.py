"""A task for the engine's tests: no dataset, no network. Recall a sequence's first symbol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from tasks.base import Preset, Value
from tasks.shared.classification.settings import ClassificationSettings


class Settings(ClassificationSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: ClassVar[str] = "toy"
    about: ClassVar[str] = "Recall the first symbol of a sequence."
    data_settings: ClassVar[Sequence[str]] = ("rows",)
    training_settings: ClassVar[Sequence[str]] = ("dropout", "pause", "gate", "trouble", "trouble_step")
    example: ClassVar[str] = "2101"
    defaults: ClassVar[Mapping[str, Value]] = {
        "cell.hidden": 8,
        "train.batch_size": 16,
        "train.epochs": 2,
        "train.lr": 0.01,
        "train.threads": 1,
        "train.checkpoint_seconds": 0.0,
    }
    presets: ClassVar[Mapping[str, Preset]] = {"tiny": Preset(help="two steps", values={"train.max_steps": 2})}

    rows: Annotated[int, Meta(ge=10, le=100_000, description="sequences in all")] = 320
    dropout: Annotated[float, Meta(ge=0, lt=1, description="dropout before the classifier")] = 0.2
    pause: Annotated[float, Meta(ge=0, le=10, description="seconds that each step sleeps")] = 0.0
    gate: Annotated[str, Meta(description="a file: while it is there, no step after the third ends")] = ""
    trouble: Annotated[
        Literal["none", "nan", "oom", "defect", "exit", "data"],
        Meta(description="what goes wrong at step `trouble_step`"),
    ] = "none"
    trouble_step: Annotated[int, Meta(ge=0, description="when it goes wrong")] = 5
