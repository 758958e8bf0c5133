"""Metrics and views of every classification task.

Shapes: N examples, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.base import Evaluation, Metrics
from tasks.views import Confusion, Table

Ints = NDArray[np.int64]


def metrics(truth: Ints, predicted: Ints, classes: int) -> Metrics:
    """Return ``accuracy macro_f1 weighted_f1 balanced_accuracy`` of (N,) predictions.

    A class that is never predicted has precision 0; balanced accuracy is the mean recall of the classes that occur.
    """
    from sklearn.metrics import accuracy_score, f1_score, recall_score

    every, present = list(range(classes)), np.unique(truth)
    return {
        "accuracy": float(accuracy_score(truth, predicted)),
        "macro_f1": float(f1_score(truth, predicted, labels=every, average="macro", zero_division=0)),
        "weighted_f1": float(f1_score(truth, predicted, labels=every, average="weighted", zero_division=0)),
        "balanced_accuracy": float(recall_score(truth, predicted, labels=present, average="macro")),
    }


def evaluation(
    truth: Ints, predicted: Ints, labels: Sequence[str], *, of: str, loss: float, note: str = ""
) -> Evaluation:
    """Return metrics, the confusion matrix and the per-class table of (N,) predictions.

    Args:
        of: what a class is, the table's first column ("language").
        loss: mean cross-entropy.
        note: how it was measured, where that is not the ordinary held-out split.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    every = list(range(len(labels)))
    columns = precision_recall_fscore_support(truth, predicted, labels=every, zero_division=0)
    rows = [[label, float(p), float(r), float(f), int(s)] for label, p, r, f, s in zip(labels, *columns, strict=True)]
    return Evaluation(
        metrics={"loss": loss, **metrics(truth, predicted, len(labels))},
        views=[
            Confusion(
                title="confusion",
                note=note,
                labels=list(labels),
                counts=confusion_matrix(truth, predicted, labels=every).tolist(),
            ),
            Table(title=f"per {of}", note=note, columns=[of, "precision", "recall", "f1", "support"], rows=list(rows)),
        ],
    )
