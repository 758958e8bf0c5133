"""Settings of the tasks that classify texts. No torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

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

Input = Literal["words", "characters", "both"]


class TextSettings(ClassificationSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of ``tasks.shared.text.task.TextTask``; a task redefines a field to give it another default."""

    paths: ClassVar[Sequence[str]] = ("vectors",)
    training_settings: ClassVar[Sequence[str]] = (
        "dropout",
        "word_dropout",
        "ngram_dropout",
        "label_smoothing",
        "r_drop",
        "adversarial",
        "imbalance",
        "imbalance_strength",
    )

    @property
    def input(self) -> Input:
        """Form in which a text enters the network; a task that leaves the choice has a field for it."""
        return "words"

    def check(self) -> None:
        if self.vectors and not os.path.exists(self.vectors):  # noqa: PTH110 (a Path's raises on names too long)
            raise ValueError(f"{self.vectors} is missing: name a file of word vectors with task.vectors.")
        if self.ngrams and self.imbalance != "none":
            raise ValueError(
                "task.ngrams and task.imbalance cannot be set together: the n-grams' model knows of no imbalance."
            )

    longest: Annotated[int, Meta(ge=0, le=100_000, description="tokens read of a text at most; 0: all")] = 400
    keep: Annotated[Literal["first", "last"], Meta(description="which tokens of a longer text are read")] = "last"
    min_count: Annotated[int, Meta(ge=1, le=10_000, description="a rarer word of the training split is unknown")] = 5
    vocabulary: Annotated[int, Meta(ge=0, le=2_000_000, description="words known at most; 0: all")] = 0
    embedding: Annotated[int, Meta(ge=1, le=4096, description="width of a word's embedding")] = 100
    init: Annotated[
        Literal["word2vec", "random"],
        Meta(description="embedding at the start: word2vec trained on the training split, or random"),
    ] = "word2vec"
    vectors: Annotated[
        str, Meta(description="file of word vectors to start from instead (.txt or .vec, as it is, .gz or .zip)")
    ] = ""
    word2vec: Annotated[Literal["cbow", "skip-gram"], Meta(description="how word2vec learns")] = "cbow"
    word2vec_epochs: Annotated[int, Meta(ge=1, le=100, description="word2vec's passes over the training split")] = 5
    word2vec_threads: Annotated[
        int, Meta(ge=1, le=64, description="word2vec's threads; more than one is not deterministic")
    ] = 1
    frozen_epochs: Annotated[int, Meta(ge=0, le=100_000, description="epochs before the embedding is tuned too")] = 0
    pooling: Pooling = "max-mean"
    dropout: Annotated[float, Meta(ge=0, lt=1, description="dropout before and after the recurrence, in training")] = (
        0.3
    )
    word_dropout: Annotated[float, Meta(ge=0, lt=1, description="share of whole words blanked, in training")] = 0.0
    word_ngrams: Annotated[
        int, Meta(ge=0, le=4, description="embed the word n-grams up to so long that end at each word, too; 0: none")
    ] = 0
    ngram_dropout: NgramDropout = 0.5
    ngrams: Annotated[
        int,
        Meta(
            ge=0,
            le=3,
            description="add the scores of a linear model of n-grams up to so long to the network's; 0: none",
        ),
    ] = 0
    imbalance: Imbalance = "none"
    imbalance_strength: ImbalanceStrength = 1.0
    label_smoothing: LabelSmoothing = 0.0
    r_drop: RDrop = 0.0
    adversarial: Adversarial = 0.0
    members: Members = 1
    pretrain_epochs: Annotated[
        int,
        Meta(ge=0, le=1_000, description="passes in which the network first learns to guess the texts' next words"),
    ] = 0
