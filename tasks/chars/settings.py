"""The settings of the chars task. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Annotated, ClassVar

from msgspec import Meta

from tasks import base
from tasks.base import LOSS, Metric, Value
from tasks.shared.datasets import encodings


class Settings(base.Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the chars task (``--set task.NAME=VALUE``)."""

    title: ClassVar[str] = "characters: any text"
    about: ClassVar[str] = "Write on from any text: guess each next character from all those before it."
    causal: ClassVar[bool] = True
    writes: ClassVar[bool] = True
    poetry: ClassVar[bool] = False
    own_data_only: ClassVar[bool] = True
    metric: ClassVar[str] = "nll"
    metrics: ClassVar[Mapping[str, Metric]] = {
        "loss": LOSS,
        "nll": Metric(heading="NLL", unit="nats/char", higher_is_better=False),
        "bpc": Metric(heading="bits/char", digits=3, higher_is_better=False),
        "accuracy": Metric(heading="accuracy", higher_is_better=True, abbreviation="acc"),
    }
    example: ClassVar[str] = "The "
    longest_text: ClassVar[int] = 10_000
    files: ClassVar[Sequence[str]] = ("text.txt|text.txt.gz",)
    paths: ClassVar[Sequence[str]] = ("file",)
    data_settings: ClassVar[Sequence[str]] = ("file", "encoding", "min_count", "val_share", "test_share")
    training_settings: ClassVar[Sequence[str]] = (
        *("carry", "dropout", "prompt", "temperature", "sample_length", "sample_seed"),
    )
    defaults: ClassVar[Mapping[str, Value]] = {
        "cell.hidden": 256,
        "train.batch_size": 32,
        "train.epochs": 20,
        "train.lr": 4e-3,
        "train.schedule": "one-cycle",
        "train.average": 0.99,
        "train.eval_train": 100,
    }

    file: Annotated[str, Meta(description="a text file of your own, gzipped or not; empty: the starter text")] = ""
    encoding: Annotated[
        str, Meta(max_length=40, description="the file's encoding, such as latin-1; empty: found from its bytes")
    ] = ""
    length: Annotated[
        int, Meta(ge=1, le=100_000, description="characters of a chunk, through which the gradient goes back")
    ] = 100
    carry: Annotated[
        bool, Meta(description="a chunk begins with the state that the chunk before it ended with; false: with none")
    ] = True
    min_count: Annotated[
        int, Meta(ge=1, le=100_000, description="characters rarer than this in the training part count as unknown")
    ] = 1
    val_share: Annotated[
        float, Meta(ge=0.001, le=0.4, description="share of the text, after the training part, that validates")
    ] = 0.05
    test_share: Annotated[float, Meta(ge=0.001, le=0.4, description="share of the text, at its end, that tests")] = 0.05
    embedding: Annotated[int, Meta(ge=1, le=4096, description="width of a character's embedding")] = 64
    dropout: Annotated[float, Meta(ge=0, lt=1, description="dropout before and after the recurrence, in training")] = (
        0.1
    )
    prompt: Annotated[str, Meta(max_length=200, description="beginning of the text written at each evaluation")] = ""
    temperature: Annotated[float, Meta(ge=0, le=100, description="of the texts shown; 0: always the best")] = 0.8
    sample_length: Annotated[
        int, Meta(ge=0, le=10_000, description="characters written at each evaluation; 0: none")
    ] = 300
    sample_seed: Annotated[int, Meta(ge=0, lt=2**31, description="seed of the texts that are shown")] = 0

    def check(self) -> None:
        if self.encoding:
            encodings.check(self.encoding)

    @property
    def own_data(self) -> str:
        return self.file

    @property
    def subject(self) -> str:
        return f"characters of {PurePath(self.file).name}" if self.file else self.title
