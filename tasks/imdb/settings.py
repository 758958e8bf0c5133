"""The settings of the imdb task. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

from msgspec import Meta

from tasks.base import Preset, Value
from tasks.shared.classification.settings import LabelSmoothing
from tasks.shared.text.settings import TextSettings

LABELS = ("negative", "positive")
_NAME = "aclImdb_v1"
ARCHIVES = ("aclImdb", _NAME, *(_NAME + end for end in (".tar.gz", ".tgz", ".tar", ".zip")), "aclImdb_labelled.tar.gz")
TABLES = tuple(f"IMDB Dataset.csv{end}" for end in ("", ".gz", ".zip"))  # the same reviews as Kaggle has them


class Settings(TextSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the imdb task (``--set task.NAME=VALUE``)."""

    title: ClassVar[str] = "IMDB sentiment"
    about: ClassVar[str] = "Tell whether a film's review is in favour, word by word."
    default_cell: ClassVar[str] = "bilstm"
    example: ClassVar[str] = "I expected little, and the first half hour is slow, but the ending is wonderful."
    best_by_loss: ClassVar[bool] = True
    files: ClassVar[Sequence[str]] = ("|".join((*ARCHIVES, *TABLES)),)
    training_settings: ClassVar[Sequence[str]] = (
        "dropout",
        "word_dropout",
        "ngram_dropout",
        "label_smoothing",
        "r_drop",
        "adversarial",
    )
    defaults: ClassVar[Mapping[str, Value]] = {
        "cell.hidden": 128,
        "train.batch_size": 64,
        "train.epochs": 3,
        "train.lr": 3e-3,
        "train.weight_decay": 0.01,
        "train.schedule": "one-cycle",
        "task.word_ngrams": 2,  # here and not at the field, since older descriptions lack it and mean none
    }
    presets: ClassVar[Mapping[str, Preset]] = {
        "class-report": Preset(
            help="the class report's protocol: hidden 64, no dropout, batch 128, 10 epochs, the last state; its table "
            "is --layers 1, 2, 5 × --bidirectional × rnn, lstm × task.embedding 100, 300, with task.vectors from GloVe",
            values={
                "cell.hidden": 64,
                "train.batch_size": 128,
                "train.epochs": 10,
                "train.optimizer": "adam",
                "train.lr": 1e-3,
                "train.weight_decay": 0.0,
                "train.schedule": "constant",
                "task.pooling": "last",
                "task.embedding": 100,
                "task.dropout": 0.0,
                "task.word_dropout": 0.0,
                "task.label_smoothing": 0.0,
                "task.word_ngrams": 0,
            },
        ),
        "strong": Preset(
            help="the strongest that is known here: up to 1,000 words, and the mean of the network's scores and those "
            "of a linear model of word 1–3-grams weighted by naive Bayes (Mesnil et al. 2015); for bilstm",
            values={"task.longest": 1000, "task.ngrams": 3},
        ),
    }

    dropout: Annotated[float, Meta(ge=0, lt=1, description="dropout before and after the recurrence, in training")] = (
        0.5
    )
    word_dropout: Annotated[float, Meta(ge=0, lt=1, description="share of whole words blanked, in training")] = 0.1
    label_smoothing: LabelSmoothing = 0.1
    split_seed: Annotated[int, Meta(ge=0, lt=2**31, description="seed of the 80/20 split of the training half")] = 0
