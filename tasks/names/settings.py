"""The settings of the names task. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from tasks.base import Preset, Value
from tasks.shared.classification.settings import (
    Adversarial,
    ClassificationSettings,
    Imbalance,
    ImbalanceStrength,
    LabelSmoothing,
    Members,
    NgramDropout,
    Pooling,
    RDrop,
)

LANGUAGES = (
    *("Arabic", "Chinese", "Czech", "Dutch", "English", "French", "German", "Greek", "Irish", "Italian"),
    *("Japanese", "Korean", "Polish", "Portuguese", "Russian", "Scottish", "Spanish", "Vietnamese"),
)

_LETTERS: dict[str, Value] = {
    "cell.bidirectional": False,
    "task.embedding": 64,
    "task.letter_ngrams": 0,
    "task.members": 1,
    "task.dropout": 0.3,
    "task.label_smoothing": 0.0,
    "task.imbalance": "none",
    "train.average": 0.0,
}
_TUTORIAL: dict[str, Value] = {
    **_LETTERS,
    "task.rows": "all",
    "task.draw": "languages",
    "task.evaluation": "pool",
    "task.input": "one-hot",
    "task.dropout": 0.0,
    "task.letter_dropout": 0.0,
    "cell.hidden": 128,
    "cell.layers": 1,
    "cell.dropout": 0.0,
    "train.batch_size": 1,
    "train.epochs": 0,
    "train.max_steps": 100_000,
    "train.eval_every": 1_000,
    "train.schedule": "constant",
    "train.weight_decay": 0.0,
    "train.patience": 0,
}
# the tutorial's network has no layer of its own after the recurrence: i2o is the classifier
_I2O: dict[str, dict[str, Value]] = {"tutorial-rnn": {"cell.output_size": len(LANGUAGES), "task.head": "identity"}}


class Settings(ClassificationSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the names task (``--set task.NAME=VALUE``)."""

    title: ClassVar[str] = "names → language"
    about: ClassVar[str] = "Tell which of 18 languages a surname comes from, letter by letter."
    example: ClassVar[str] = "Schmidhuber"
    longest_text: ClassVar[int] = 100  # letters: no name is longer
    files: ClassVar[Sequence[str]] = tuple(f"{language}.txt" for language in LANGUAGES)
    data_settings: ClassVar[Sequence[str]] = ("folder",)
    paths: ClassVar[Sequence[str]] = ("folder",)
    training_settings: ClassVar[Sequence[str]] = (
        *("dropout", "input_dropout", "letter_dropout", "ngram_dropout"),
        *("label_smoothing", "r_drop", "adversarial", "imbalance", "imbalance_strength"),
    )
    # task settings stand here and not at their fields, since older descriptions lack them and mean the fields' values
    defaults: ClassVar[Mapping[str, Value]] = {
        "cell.hidden": 96,
        "cell.bidirectional": True,
        "train.batch_size": 128,
        "train.epochs": 11,
        "train.min_steps": 600,  # the starter set's 9 steps an epoch would be too few
        "train.lr": 4e-3,
        "train.weight_decay": 0.01,
        "train.schedule": "one-cycle",
        "train.average": 0.98,
        "task.embedding": 32,
        "task.letter_ngrams": 5,
        "task.dropout": 0.4,
        "task.label_smoothing": 0.05,
        "task.imbalance": "logit-adjustment",
        "task.imbalance_strength": 0.4,
        "task.members": 3,
    }
    presets: ClassVar[Mapping[str, Preset]] = {
        "strong": Preset(
            help="six networks in place of three: twice the usual training",
            values={"task.members": 6},
        ),
        "letters": Preset(
            help="a single network that reads letter by letter, and nothing beside them",
            values={
                **_LETTERS,
                "cell.hidden": 256,
                "train.epochs": 20,
                "train.lr": 3e-3,
            },
        ),
        "tutorial": Preset(
            help="the classic tutorial's protocol: one example a step, drawn uniformly over languages, SGD 0.005 "
            "without clipping, measured on draws from the training pool",
            values={**_TUTORIAL, "train.optimizer": "sgd", "train.lr": 0.005, "train.clip": 0.0},
            by_cell=_I2O,
        ),
        "class-report": Preset(
            help="the class report's protocol: the tutorial's draws, 100,000 single-example steps, Adam 0.01 "
            "(tutorial-rnn: 0.001, since it diverges at the published 0.01), hidden 128, evaluated every 1,000, the "
            "gradient clipped at 1; published accuracy: lstm 0.792, tutorial-rnn 0.61, which preset tutorial reaches",
            values={**_TUTORIAL, "train.optimizer": "adam", "train.lr": 0.01},
            by_cell={"tutorial-rnn": {**_I2O["tutorial-rnn"], "train.lr": 0.001}},
        ),
    }

    input: Annotated[Literal["embedding", "one-hot"], Meta(description="how a letter enters the network")] = "embedding"
    embedding: Annotated[int, Meta(ge=1, le=4096, description="width of a letter's embedding")] = 64
    letter_ngrams: Annotated[
        int,
        Meta(ge=0, le=6, description="embed the letter n-grams up to so long that end at each letter, too; 0: none"),
    ] = 0
    ngram_dropout: NgramDropout = 0.5
    pooling: Pooling = "last"
    dropout: Annotated[float, Meta(ge=0, lt=1, description="dropout before the classifier, in training")] = 0.3
    input_dropout: Annotated[float, Meta(ge=0, lt=1, description="dropout before the recurrence, in training")] = 0.0
    letter_dropout: Annotated[float, Meta(ge=0, lt=1, description="share of letters blanked, in training")] = 0.1
    head: Annotated[
        Literal["linear", "identity"],
        Meta(description="classifier after the recurrence; identity: its output is the classes' scores already"),
    ] = "linear"
    label_smoothing: LabelSmoothing = 0.0
    imbalance: Imbalance = "none"
    imbalance_strength: ImbalanceStrength = 1.0
    r_drop: RDrop = 0.0
    adversarial: Adversarial = 0.0
    members: Members = 1
    rows: Annotated[
        Literal["distinct", "all"], Meta(description="one row for each distinct (name, language), or all lines")
    ] = "distinct"
    draw: Annotated[
        Literal["rows", "languages"], Meta(description="training draws each row once an epoch, or languages uniformly")
    ] = "rows"
    evaluation: Annotated[
        Literal["held-out", "pool"],
        Meta(description="measure on held-out names, or (as the tutorial does) on class-balanced training names"),
    ] = "held-out"
    split_seed: Annotated[int, Meta(ge=0, lt=2**31, description="seed of the 80/10/10 split")] = 0
    folder: Annotated[
        str, Meta(description="a folder of your own classes, a file CLASS.txt each with a name a line; empty: the 18")
    ] = ""

    @property
    def own_data(self) -> str:
        return self.folder

    @property
    def own_data_is_folder(self) -> bool:
        return True

    @property
    def subject(self) -> str:
        return f"names of {PurePath(self.folder).name}" if self.folder else self.title

    def remarks(self) -> Sequence[str]:
        if self.letter_ngrams and self.input == "one-hot":
            return [f"task.letter_ngrams={self.letter_ngrams} does nothing: letters are one-hot (task.input)."]
        return ()

    def check(self) -> None:
        if self.draw == "languages" and self.imbalance != "none":
            raise ValueError("task.draw=languages draws every language alike already: set task.imbalance=none with it.")
