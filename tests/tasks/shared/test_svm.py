"""The linear SVM on TF-IDF: its features are scikit-learn's, learnt on the training texts alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from sklearn.svm import LinearSVC
from torch import Tensor

from tasks.base import Baselines, Split
from tasks.shared.baselines import svm
from tasks.shared.baselines.svm import NgramSource
from tasks.shared.classification.metrics import Ints, metrics
from tasks.shared.sequences.ragged import Ragged

SIZE = 6
TEXTS = st.lists(st.lists(st.integers(0, SIZE - 1), min_size=1, max_size=8), min_size=2, max_size=10)


def columns(matrix: Any) -> list[list[float]]:
    """A matrix's columns in an order of their own: two matrices that differ in it alone give the same."""
    dense = np.round(np.asarray(matrix.todense()), 9) + 0.0
    found: list[list[float]] = sorted(dense.T.tolist())
    return found


def reference(texts: list[list[int]], train: list[int], longest: int) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    written = [" ".join(map(str, text)) for text in texts]
    vectorizer = TfidfVectorizer(
        sublinear_tf=True, ngram_range=(1, longest), token_pattern=r"\S+", lowercase=False, dtype=np.float64
    )
    return vectorizer.fit([written[row] for row in train]).transform(written)


@pytest.mark.parametrize("longest", [1, 2, 3])
@budget(deadline=None, max_examples=40)
@given(TEXTS, st.data())
def test_the_features_are_scikit_learns(longest: int, texts: list[list[int]], draw: st.DataObject) -> None:
    every = range(len(texts))
    train = sorted(draw.draw(st.sets(st.sampled_from(every), min_size=1)))
    ours = svm.tfidf(NgramSource(Ragged.of(texts), longest, SIZE), np.array(train))
    theirs = reference(texts, train, longest)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(columns(ours), columns(theirs), atol=2e-9)


def test_what_only_held_out_texts_say_is_no_feature() -> None:
    texts = [[0, 1], [1, 0], [2, 2, 3], [0, 1, 2]]
    ours = svm.tfidf(NgramSource(Ragged.of(texts), 2, SIZE), np.array([0, 1]))
    assert ours.shape == (4, 4)  # 0, 1, 01, 10
    assert ours[2].nnz == 0
    assert ours[3].nnz == 3


def test_training_texts_too_short_for_an_ngram_have_none() -> None:
    ours = svm.tfidf(NgramSource(Ragged.of([[0], [1], [0, 1, 0]]), 3, SIZE), np.array([0, 1]))
    assert ours.shape == (3, 2)
    assert ours[2].nnz == 2


def speaking(classes: list[int], seed: int) -> list[list[int]]:
    """LabelledTexts that hold their class's own symbol among two that say nothing."""
    draw = np.random.default_rng(seed)
    return [[*draw.integers(4, 6, size=5).tolist(), k] for k in classes]


def measured(sources: list[NgramSource], labels: Ints, rows: dict[Split, Tensor], classes: int) -> Baselines:
    """Metrics of the guesses on each split."""
    return {
        split: {method: metrics(labels[of.rows], guess, classes) for method, guess in of.methods.items()}
        for split, of in svm.guesses(sources, labels, rows).items()
    }


def test_majority_and_svm_are_measured_on_the_held_out_splits() -> None:
    classes = [0] * 12 + [1] * 8 + [2] * 4 + [0, 1, 2, 2] * 2
    texts = speaking(classes, 0)
    texts[-1] = [0, 0, 0]  # one that misleads
    rows: dict[Split, Tensor] = {"train": torch.arange(24), "val": torch.arange(24, 28), "test": torch.arange(28, 32)}
    words = NgramSource(Ragged.of(texts), 1, SIZE)
    labels = np.array(classes)
    found = measured([words], labels, rows, 3)
    always = metrics(labels[24:28], np.zeros(4, dtype=np.int64), 3)
    assert found == {
        "val": {"majority": always, "linear SVM": metrics(labels[24:28], labels[24:28], 3)},
        "test": {"majority": always, "linear SVM": metrics(labels[28:], np.array([0, 1, 2, 0]), 3)},
    }


def test_ways_of_reading_stand_side_by_side() -> None:
    """The second source separates texts that the first cannot."""
    classes = [0, 1] * 12
    blind = Ragged.of([[5]] * 24)
    seeing = Ragged.of(speaking(classes, 1))
    rows: dict[Split, Tensor] = {"train": torch.arange(16), "val": torch.arange(16, 20), "test": torch.arange(20, 24)}
    sources = [NgramSource(blind, 2, SIZE), NgramSource(seeing, 1, SIZE)]
    labels = np.array(classes)
    one = measured(sources[:1], labels, rows, 2)
    both = measured(sources, labels, rows, 2)
    assert one["test"]["linear SVM"]["accuracy"] == 0.5
    assert both["test"]["linear SVM"]["accuracy"] == 1.0


def test_the_penalty_is_the_one_with_the_best_validation_accuracy() -> None:
    """No strength that scikit-learn is given by hand does better on the validation rows."""
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 2, size=160)
    texts = [[*draw.integers(0, 6, size=4), int(k) if draw.random() < 0.6 else 5] for k in labels]
    rows: dict[Split, Tensor] = {
        "train": torch.arange(80),
        "val": torch.arange(80, 130),
        "test": torch.arange(130, 160),
    }
    source = NgramSource(Ragged.of([[int(n) for n in text] for text in texts]), 2, SIZE)
    found = measured([source], labels, rows, 2)
    features = svm.tfidf(source, np.arange(80))

    def by_hand(strength: float) -> tuple[float, float]:
        machine = LinearSVC(C=strength, dual=True, random_state=0).fit(features[:80], labels[:80])
        guess = machine.predict(features)
        return float((guess == labels)[80:130].mean()), float((guess == labels)[130:].mean())

    figures = [by_hand(10.0 ** (half / 2)) for half in range(-8, 5)]
    [name] = [method for method in found["val"] if method.startswith("linear SVM")]
    assert found["val"][name]["accuracy"] == max(val for val, _ in figures) > min(val for val, _ in figures)
    assert (found["val"][name]["accuracy"], found["test"][name]["accuracy"]) in figures


def test_of_one_class_there_is_only_the_majority() -> None:
    rows: dict[Split, Tensor] = {"train": torch.arange(4), "val": torch.arange(4, 5), "test": torch.arange(5, 6)}
    words = NgramSource(Ragged.of([[1, 2]] * 6), 1, SIZE)
    found = measured([words], np.array([1, 1, 1, 1, 0, 1]), rows, 2)
    assert found["val"].keys() == found["test"].keys() == {"majority"}
