"""Settings and metrics that the tasks which name a class have in common. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta

from tasks import base
from tasks.base import LOSS, Metric

Imbalance = Annotated[
    Literal["none", "weights", "logit-adjustment"],
    Meta(description="against uneven classes: weight the loss, or shift the scores by the classes' shares"),
]
ImbalanceStrength = Annotated[
    float, Meta(ge=0, le=1, description="power of the classes' shares in task.imbalance: 1 makes classes count alike")
]
LabelSmoothing = Annotated[float, Meta(ge=0, lt=1, description="share of each label spread over all")]
RDrop = Annotated[
    float,
    Meta(ge=0, le=100, description="weight of the divergence between two readings with other dropouts; 0: one reading"),
]
Pooling = Annotated[
    Literal["last", "max-mean", "attention"],
    Meta(description="what the classifier sees: the last outputs, their maximum and mean, or a weighted mean"),
]
NgramDropout = Annotated[float, Meta(ge=0, lt=1, description="share of the embedded n-grams left out, in training")]
Adversarial = Annotated[
    float,
    Meta(
        ge=0,
        le=1,
        description="train too on each sequence's features changed for the worst by so large a share of their norm; "
        "0: none",
    ),
]
Members = Annotated[
    int,
    Meta(
        ge=1,
        le=32,
        description="networks trained side by side from other initial weights, their probabilities averaged",
    ),
]

METRICS: Mapping[str, Metric] = {
    "loss": LOSS,
    "accuracy": Metric(heading="accuracy", higher_is_better=True, abbreviation="acc"),
    "macro_f1": Metric(heading="macro F1", higher_is_better=True, abbreviation="f1"),
    "weighted_f1": Metric(heading="weighted F1", higher_is_better=True),
    "balanced_accuracy": Metric(heading="balanced", higher_is_better=True),
    "f1": Metric(heading="F1", higher_is_better=True),  # of a single class, in the per-class table
}


class ClassificationSettings(base.Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a ``ClassificationTask``."""

    metric: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True
    metrics: ClassVar[Mapping[str, Metric]] = METRICS

    if TYPE_CHECKING:  # each subclass declares them at their places in its form
        imbalance: Imbalance = "none"
        imbalance_strength: ImbalanceStrength = 1.0
        label_smoothing: LabelSmoothing = 0.0
        r_drop: RDrop = 0.0
        adversarial: Adversarial = 0.0
        members: Members = 1
