"""Metrics and views of every classification task.

Shapes: N examples, C classes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.base import Correctness, Evaluation, Metrics
from tasks.views import Confusion, Table, TableValue

Ints = NDArray[np.int64]


class ByClass(NamedTuple):
    """Figures of each class (C,); 0 where nothing is divided."""

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    support: Ints  # examples of the class


class Guesses(NamedTuple):
    """Guesses of several methods on the same rows."""

    rows: Ints  # (N,) their numbers
    methods: dict[str, Ints]  # each method's guesses (N,)


def confusion_counts(truth: Ints, predicted: Ints, classes: int) -> Ints:
    """Return how many examples of a class (row) are predicted as another (column): (N,), (N,) → (C,C)."""
    counts = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes)


def by_class(counts: Ints) -> ByClass:
    """Return precision, recall and F1 of each class from a confusion matrix (C,C)."""
    right, support, guessed = counts.diagonal(), counts.sum(1), counts.sum(0)
    return ByClass(_share(right, guessed), _share(right, support), _share(2 * right, support + guessed), support)


def metrics(truth: Ints, predicted: Ints, classes: int) -> Metrics:
    """Return ``accuracy macro_f1 weighted_f1 balanced_accuracy`` of (N,) predictions.

    A class that is never predicted has precision 0; balanced accuracy is the mean recall of the classes that occur.
    The definitions are scikit-learn's; importing that would double the time of a command.
    """
    figures = by_class(confusion_counts(truth, predicted, classes))
    return {
        "accuracy": float((truth == predicted).mean()),
        "macro_f1": float(figures.f1.mean()),
        "weighted_f1": float(np.average(figures.f1, weights=figures.support)),
        "balanced_accuracy": float(figures.recall[figures.support > 0].mean()),
    }


def correctness(rows: Ints, truth: Ints, predicted: Ints) -> Correctness:
    """Return which of (N,) predictions are right, in the order of their row numbers.

    Args:
        rows: (N,) numbers of the rows; one that is drawn twice counts twice.
    """
    order = np.argsort(rows, kind="stable")
    tested = np.stack([rows[order], truth[order]]).astype("<i8")
    return Correctness(
        bits=np.packbits(truth[order] == predicted[order]).tobytes(),
        count=len(rows),
        rows=hashlib.sha256(tested.tobytes()).hexdigest()[:16],
    )


def _share(part: Ints, whole: Ints) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def evaluation(
    truth: Ints,
    predicted: Ints,
    labels: Sequence[str],
    *,
    of: str,
    loss: float,
    note: str = "",
    numbers: Ints | None = None,
) -> Evaluation:
    """Return metrics, the confusion matrix and the per-class table of (N,) predictions.

    Args:
        of: what a class is, the table's first column ("language").
        loss: mean cross-entropy.
        note: how it was measured, where that is not the ordinary held-out split.
        numbers: (N,) of the rows, where it is to be kept which of them are right.
    """
    counts = confusion_counts(truth, predicted, len(labels))
    columns = by_class(counts)
    rows: list[list[TableValue]] = [
        [label, float(p), float(r), float(f), int(s)] for label, p, r, f, s in zip(labels, *columns, strict=True)
    ]
    return Evaluation(
        metrics={"loss": loss, **metrics(truth, predicted, len(labels))},
        views=[
            Confusion(
                title="confusion",
                note=note,
                labels=list(labels),
                counts=counts.tolist(),
            ),
            Table(title=f"per {of}", note=note, columns=[of, "precision", "recall", "f1", "support"], rows=rows),
        ],
        correctness=None if numbers is None else correctness(numbers, truth, predicted),
    )
