"""The settings of the reviews task. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

from msgspec import Meta

from tasks.base import Preset, Value
from tasks.shared.text.settings import Input, TextSettings

CATEGORIES = ("书籍", "平板", "手机", "水果", "洗发水", "热水器", "蒙牛", "衣服", "计算机", "酒店")
FILES = tuple(f"online_shopping_10_cats{end}" for end in (".csv", ".csv.gz", ".zip"))


class Settings(TextSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the reviews task (``--set task.NAME=VALUE``)."""

    title: ClassVar[str] = "Chinese shopping reviews"
    about: ClassVar[str] = "Tell which of ten kinds of goods a Chinese review speaks of, word by word."
    default_cell: ClassVar[str] = "bilstm"
    example: ClassVar[str] = "苹果很新鲜，味道也甜，就是快递太慢，包装盒都压坏了。"
    files: ClassVar[Sequence[str]] = ("|".join(FILES),)
    defaults: ClassVar[Mapping[str, Value]] = {
        "cell.hidden": 128,
        "train.batch_size": 128,
        "train.epochs": 6,
        "train.lr": 3e-3,
        "train.weight_decay": 0.01,
        "train.schedule": "one-cycle",
        "task.word_ngrams": 2,  # here and not at the field, since older descriptions lack it and mean none
    }
    presets: ClassVar[Mapping[str, Preset]] = {
        "class-report": Preset(
            help="the class reports' protocol: word2vec by gensim tuned on, the last state, macro F1",
            values={
                "cell.hidden": 128,
                "train.batch_size": 128,
                "train.epochs": 10,
                "train.optimizer": "adam",
                "train.lr": 1e-3,
                "train.weight_decay": 0.0,
                "train.schedule": "constant",
                "task.pooling": "last",
                "task.input": "words",
                "task.dropout": 0.0,
                "task.word_dropout": 0.0,
                "task.word_ngrams": 0,
            },
        ),
    }

    longest: Annotated[int, Meta(ge=0, le=100_000, description="tokens read of a text at most; 0: all")] = 200
    min_count: Annotated[int, Meta(ge=1, le=10_000, description="a rarer word of the training split is unknown")] = 1
    embedding: Annotated[int, Meta(ge=1, le=4096, description="width of a word's embedding")] = 128
    dropout: Annotated[float, Meta(ge=0, lt=1, description="dropout before and after the recurrence, in training")] = (
        0.5
    )
    word_dropout: Annotated[float, Meta(ge=0, lt=1, description="share of whole words blanked, in training")] = 0.1
    input: Annotated[
        Input,
        Meta(description="what is read: jieba's words, characters, or words beside the mean of their characters"),
    ] = "both"
