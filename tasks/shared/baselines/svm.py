"""Baseline of texts with classes: a linear support vector machine on TF-IDF-weighted n-grams.

Shapes: N texts, F features.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from tasks.base import EVAL_SPLITS, Split
from tasks.shared.baselines.proportional import joining
from tasks.shared.classification import penalties
from tasks.shared.classification.metrics import Guesses, Ints
from tasks.shared.sequences.ragged import Ragged

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class NgramSource(NamedTuple):
    """Source of n-gram features: the texts' symbols, and the length of the n-grams."""

    texts: Ragged
    longest: int  # n of the longest n-gram
    size: int  # numbers are below it


def guesses(sources: Sequence[NgramSource], labels: Ints, rows: Mapping[Split, Tensor]) -> dict[Split, Guesses]:
    """Fit majority and linear SVM on the training rows, let them guess the classes of the others.

    The machine's penalty is the one with the best accuracy on the validation rows.

    Args:
        sources: their n-grams stand side by side.
        labels: (N,) of all texts.
        rows: each split's row numbers.

    Returns:
        each method's guesses by split; majority alone where the training rows are of one class.

    Source: T. Joachims, Text Categorization with Support Vector Machines, ECML 1998.
    """
    from scipy.sparse import hstack
    from sklearn.svm import LinearSVC

    train, val = rows["train"].numpy(), rows["val"].numpy()
    weighed = [tfidf(source, train) for source in sources]
    features = hstack(weighed, format="csr") if len(weighed) > 1 else weighed[0]
    majority = int(np.bincount(labels[train]).argmax())
    methods: dict[str, Callable[[NDArray[np.int64]], Ints]] = {"majority": lambda at: np.full(len(at), majority)}
    if len(np.unique(labels[train])) > 1:
        features = features @ joining(features[train])
        learned, held_out = features[train], features[val]
        chosen = penalties.choose(
            "linear SVM",
            lambda strength: LinearSVC(C=strength, dual=True, random_state=0).fit(learned, labels[train]),
            lambda machine: float((machine.predict(held_out) == labels[val]).mean()),
        )
        methods[chosen.name] = lambda at: chosen.model.predict(features[at])
    return {
        split: Guesses(at, {method: guess(at) for method, guess in methods.items()})
        for split, at in ((split, rows[split].numpy()) for split in EVAL_SPLITS)
    }


def tfidf(source: NgramSource, train: NDArray[np.int64]) -> csr_matrix:
    """Return (N,F) rows of unit length: 1 + log count of each n-gram, times its rarity in the training rows.

    Only the n-grams of the training rows are features.
    """
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfTransformer

    flat = source.texts.flat.cpu().numpy().astype(np.int64)
    lengths = source.texts.lengths.numpy()
    owner = np.repeat(np.arange(len(lengths)), lengths)
    is_train = np.zeros(len(lengths), dtype=bool)
    is_train[train] = True
    texts, grams = [], []
    features = 0
    code, place = flat, np.arange(len(flat))  # of each n-gram that is known, and where it begins
    for n in range(1, source.longest + 1):
        if n > 1:  # one symbol longer, within the same text
            place, code = place[place + n <= len(flat)], code[place + n <= len(flat)]
            inside = owner[place] == owner[place + n - 1]
            place, code = place[inside], code[inside] * source.size + flat[place[inside] + n - 1]
        number, size = _numbered(code, is_train[owner[place]])
        if not size:
            break  # no training text is so long
        place, code = place[number >= 0], number[number >= 0]
        texts.append(owner[place])
        grams.append(code + features)
        features += size
    column, row = np.concatenate(grams), np.concatenate(texts)
    counts = csr_matrix((np.ones(len(row), dtype=np.float64), (row, column)), shape=(len(lengths), features))
    return TfidfTransformer(sublinear_tf=True).fit(counts[train]).transform(counts)


def _numbered(codes: NDArray[np.int64], in_training: NDArray[np.bool_]) -> tuple[NDArray[np.int64], int]:
    """Number the codes (S,) that stand in a training text by their order: (S,), −1 for the others; and how many.

    Sorted once: looking up each in the sorted vocabulary misses the CPU's caches nearly every time.
    """
    order = np.argsort(codes)
    ordered = codes[order]
    begins = np.ones(len(codes), np.bool_)
    begins[1:] = ordered[1:] != ordered[:-1]
    group = begins.cumsum() - 1  # (S,) of each code in order
    known = np.bincount(group[in_training[order]], minlength=int(begins.sum())) > 0
    numbers = np.empty_like(codes)
    numbers[order] = np.where(known, known.cumsum() - 1, -1)[group]
    return numbers, int(known.sum())
