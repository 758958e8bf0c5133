"""Metrics of a classification, against figures worked out by hand."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from tasks.shared.classification.metrics import by_class, confusion_counts, correctness, evaluation, metrics
from tasks.views import Confusion, Table


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    """A worker's log is read by people: a metric warns of nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


CASES = {
    # truth, predicted, classes: accuracy, macro F1, weighted F1, balanced accuracy
    "all right": ([0, 1, 2], [0, 1, 2], 3, (1, 1, 1, 1)),
    "all wrong": ([0, 1], [1, 0], 2, (0, 0, 0, 0)),
    # class 0: P 2/3, R 2/3, F 2/3 (3 examples); class 1: P 0, R 0 (1)
    "one of each error": ([0, 0, 0, 1], [0, 0, 1, 0], 2, (1 / 2, 1 / 3, 1 / 2, 1 / 3)),
    # class 0: P 2/4, R 1, F 2/3; class 1 is never predicted: F 0
    "a class never predicted": ([0, 0, 1, 1], [0, 0, 0, 0], 2, (1 / 2, 1 / 3, 1 / 3, 1 / 2)),
    # class 0: P 1, R 1/2, F 2/3; class 1: F 1; class 2 is only predicted: F 0, no recall to average
    "a class only predicted": ([0, 0, 1, 1], [0, 2, 1, 1], 3, (3 / 4, 5 / 9, 5 / 6, 3 / 4)),
    "a class nowhere": ([0, 1], [0, 1], 3, (1, 2 / 3, 1, 1)),
    "one class alone": ([1, 1], [1, 1], 3, (1, 1 / 3, 1, 1)),
    "one class alone, missed once": ([2, 2], [2, 0], 3, (1 / 2, 2 / 9, 2 / 3, 1 / 2)),
    "one example": ([0], [1], 2, (0, 0, 0, 0)),
}


@pytest.mark.parametrize("case", CASES)
def test_metrics_by_hand(case: str) -> None:
    truth, predicted, classes, (accuracy, macro, weighted, balanced) = CASES[case]
    assert metrics(np.array(truth), np.array(predicted), classes) == pytest.approx(
        {"accuracy": accuracy, "macro_f1": macro, "weighted_f1": weighted, "balanced_accuracy": balanced}
    )


def test_the_views_say_the_same_by_class() -> None:
    truth, predicted = np.array([0, 0, 0, 1]), np.array([0, 0, 2, 0])
    result = evaluation(truth, predicted, ["a", "b", "c", "d"], of="letter", loss=0.25, note="noted")
    assert result.metrics["loss"] == 0.25
    confusion, table = result.views
    assert isinstance(confusion, Confusion)
    assert isinstance(table, Table)
    assert confusion.counts == [[2, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert table.columns == ["letter", "precision", "recall", "f1", "support"]
    assert table.rows == [
        ["a", pytest.approx(2 / 3), pytest.approx(2 / 3), pytest.approx(2 / 3), 3],
        ["b", 0.0, 0.0, 0.0, 1],
        ["c", 0.0, 0.0, 0.0, 0],
        ["d", 0.0, 0.0, 0.0, 0],
    ]
    assert (confusion.note, table.note) == ("noted", "noted")


@budget(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_table_and_confusion_add_up_to_the_metrics(pairs: list[tuple[int, int]]) -> None:
    truth, predicted = np.array(pairs).T
    result = evaluation(truth, predicted, list("abcd"), of="letter", loss=0.0)
    confusion, table = result.views
    counts = np.array(confusion.counts)  # type: ignore[union-attr]
    rows = table.rows  # type: ignore[union-attr]
    assert counts.sum() == len(pairs)
    assert result.metrics["accuracy"] == pytest.approx(np.trace(counts) / len(pairs))
    assert [row[4] for row in rows] == counts.sum(1).tolist()
    assert result.metrics["macro_f1"] == pytest.approx(np.mean([row[3] for row in rows]))
    assert result.metrics["balanced_accuracy"] == pytest.approx(np.mean([row[2] for row in rows if row[4]]))


@given(
    rows=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60),
)
@budget(max_examples=40, deadline=None)
def test_the_figures_are_scikit_learns(rows: list[tuple[int, int]]) -> None:
    from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support, recall_score

    truth, predicted = map(np.array, zip(*rows, strict=True))
    every = list(range(5))
    assert metrics(truth, predicted, 5) == pytest.approx(
        {
            "accuracy": accuracy_score(truth, predicted),
            "macro_f1": f1_score(truth, predicted, labels=every, average="macro", zero_division=0),
            "weighted_f1": f1_score(truth, predicted, labels=every, average="weighted", zero_division=0),
            "balanced_accuracy": recall_score(truth, predicted, labels=np.unique(truth), average="macro"),
        },
        abs=1e-12,
    )
    expected = precision_recall_fscore_support(truth, predicted, labels=every, zero_division=0)
    for own, theirs in zip(by_class(confusion_counts(truth, predicted, 5)), expected, strict=True):
        assert own == pytest.approx(theirs, abs=1e-12)


def test_which_rows_are_right_does_not_depend_on_the_batches() -> None:
    draw = np.random.default_rng(0)
    truth, predicted = draw.integers(3, size=(2, 21))
    rows = np.arange(100, 121)
    kept = correctness(rows, truth, predicted)
    assert (kept.count, len(kept.bits)) == (21, 3)
    assert np.unpackbits(np.frombuffer(kept.bits, np.uint8))[:21].tolist() == (truth == predicted).tolist()
    other = draw.permutation(21)
    assert correctness(rows[other], truth[other], predicted[other]) == kept


def test_rows_are_the_same_by_their_numbers_and_labels_alone() -> None:
    rows, truth, guess = np.arange(4), np.array([0, 1, 1, 0]), np.array([0, 0, 1, 0])
    known = correctness(rows, truth, guess).rows
    assert correctness(rows, truth, 1 - guess).rows == known
    assert correctness(rows + 1, truth, guess).rows != known
    assert correctness(rows, np.array([0, 1, 0, 0]), guess).rows != known


def test_a_row_drawn_twice_counts_twice() -> None:
    kept = correctness(np.array([5, 2, 5]), np.array([1, 0, 1]), np.array([1, 1, 1]))
    assert np.unpackbits(np.frombuffer(kept.bits, np.uint8))[: kept.count].tolist() == [0, 1, 1]
