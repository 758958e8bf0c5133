"""The settings of the text task. No torch."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from tasks.base import Preset, Value
from tasks.shared.datasets import encodings
from tasks.shared.text.settings import TextSettings

STARTER = "texts.csv"
NO_SPLIT = "none"  # value of task.split: no column tells the split
SEPARATORS = {"auto": "", "comma": ",", "tab": "\t", "semicolon": ";", "bar": "|"}
ENOUGH_FOR_WORD2VEC = 500_000  # words of the training split
_SHARE = "share of the texts that {0}, where the data have no split; 0: a tenth, at most 20,000"


class Settings(TextSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the text task (``--set task.NAME=VALUE``)."""

    title: ClassVar[str] = "texts of your own"
    about: ClassVar[str] = "Tell the class of a text, from a CSV, a TSV, JSON lines or a folder of your own."
    example: ClassVar[str] = "The parcel came two days late and the box was torn."
    best_by_loss: ClassVar[bool] = True
    own_data_only: ClassVar[bool] = True
    files: ClassVar[Sequence[str]] = (STARTER,)
    data_settings: ClassVar[Sequence[str]] = (
        "file",
        "folder",
        "text",
        "label",
        "split",
        "encoding",
        "delimiter",
        "header",
        "split_seed",
        "val_share",
        "test_share",
    )
    paths: ClassVar[Sequence[str]] = ("file", "folder", "vectors")
    defaults: ClassVar[Mapping[str, Value]] = {
        "cell.hidden": 128,
        "train.batch_size": 32,
        "train.epochs": 6,
        "train.lr": 3e-3,
        "train.weight_decay": 0.01,
        "train.schedule": "one-cycle",
    }
    presets: ClassVar[Mapping[str, Preset]] = {
        "small": Preset(
            help="for a few hundred texts: small batches, many epochs, embeddings that start at random",
            values={
                "cell.hidden": 64,
                "train.batch_size": 16,
                "train.epochs": 20,
                "task.init": "random",
                "task.min_count": 1,
            },
        ),
    }

    file: Annotated[
        str,
        Meta(description="a table of your own: CSV, TSV or JSON lines, as it is, .gz or .zip; empty: the starter set"),
    ] = ""
    folder: Annotated[
        str, Meta(description="a folder of your own instead: a .txt a class, a text a line, or a folder a class")
    ] = ""
    text: Annotated[str, Meta(description="column of the texts, by name or number; empty: found, and told")] = ""
    label: Annotated[str, Meta(description="column of the classes, by name or number; empty: found, and told")] = ""
    split: Annotated[
        str, Meta(description="column of train, val, test; empty: one named split, if there is one; none: no column")
    ] = ""
    encoding: Annotated[
        str, Meta(description="the texts' encoding, such as gb18030, cp1252 or utf-16; empty: found, and told")
    ] = ""
    delimiter: Annotated[
        Literal["auto", "comma", "tab", "semicolon", "bar"], Meta(description="what stands between a table's cells")
    ] = "auto"
    header: Annotated[
        Literal["auto", "yes", "no"], Meta(description="whether a table's first line names its columns")
    ] = "auto"
    unit: Annotated[
        Literal["auto", "words", "characters"],
        Meta(description="what a step reads; auto: words, or characters where words are not parted by blanks"),
    ] = "auto"
    split_seed: Annotated[int, Meta(ge=0, lt=2**31, description="seed of the split, where the data have none")] = 0
    val_share: Annotated[float, Meta(ge=0, le=0.45, description=_SHARE.format("validate"))] = 0.0
    test_share: Annotated[float, Meta(ge=0, le=0.45, description=_SHARE.format("test"))] = 0.0
    init: Annotated[
        Literal["auto", "word2vec", "random"],
        Meta(
            description="embedding at the start: word2vec trained on the training split, or random; auto: word2vec "
            f"from {ENOUGH_FOR_WORD2VEC:,} training words on"
        ),
    ] = "auto"  # type: ignore[assignment]  # one choice more than other tasks have
    min_count: Annotated[int, Meta(ge=1, le=10_000, description="a rarer word of the training split is unknown")] = 2
    dropout: Annotated[float, Meta(ge=0, lt=1, description="dropout before and after the recurrence, in training")] = (
        0.5
    )
    word_dropout: Annotated[float, Meta(ge=0, lt=1, description="share of whole words blanked, in training")] = 0.1

    @property
    def own_data(self) -> str:
        return self.file or self.folder

    @property
    def subject(self) -> str:
        return f"texts of {PurePath(self.own_data).name}" if self.own_data else self.title

    @property
    def own_data_is_folder(self) -> bool:
        return bool(self.folder)

    def check(self) -> None:
        super().check()
        if self.file and self.folder:
            raise ValueError("task.file and task.folder are both set: name the table or the folder, not both.")
        if os.path.isdir(self.file):  # noqa: PTH112 (a Path's raises on names too long)
            raise ValueError(f"{self.file} is a folder: name it with task.folder in place of task.file.")
        if os.path.isfile(self.folder):  # noqa: PTH113
            raise ValueError(f"{self.folder} is a file: name it with task.file in place of task.folder.")
        if self.text and self.text == self.label:
            raise ValueError(
                f"task.text and task.label both name the column {self.text!r}: a text cannot be its own class."
            )
        if self.encoding:
            encodings.check(self.encoding)

    def remarks(self) -> Sequence[str]:
        usual = type(self)()
        of_a_table = ("text", "label", "split", "delimiter", "header")
        return [
            f"task.{name}={getattr(self, name)} does nothing: it is of a table, and task.folder is set."
            for name in of_a_table
            if self.folder and getattr(self, name) != getattr(usual, name)
        ]
