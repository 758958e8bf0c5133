"""Baselines of short texts with classes, on character n-grams.

Shapes: N texts, M texts of a split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tasks.base import Split
from tasks.shared.baselines.proportional import joining
from tasks.shared.classification import penalties
from tasks.shared.classification.metrics import Ints


def character_ngrams(
    texts: Sequence[str],
    classes: Ints,
    evaluated: Mapping[Split, tuple[Sequence[str], Ints]],
    *,
    longest: int,
) -> dict[Split, dict[str, Ints]]:
    """Fit majority, naive Bayes and logistic regression on character n-grams with the word's ends marked.

    The smoothing of naive Bayes and the penalty of the regression are those with the best accuracy on validation.

    Args:
        texts, classes: (N,) what is learned from.
        evaluated: the texts and classes of each split to guess, ``val`` among them.
        longest: n of the longest n-gram.

    Returns:
        each method's guesses (M,) by split.
    """
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import MultinomialNB

    counts = CountVectorizer(analyzer="char", ngram_range=(1, longest), lowercase=False)
    train_counts = counts.fit_transform(_marked(texts))
    weigh = TfidfTransformer(sublinear_tf=True).fit(train_counts)
    val_texts, val_classes = evaluated["val"]
    val_counts = counts.transform(_marked(val_texts))
    train_weights = weigh.transform(train_counts)
    join = joining(train_weights)
    train_weights, val_weights = train_weights @ join, weigh.transform(val_counts) @ join
    bayes = penalties.choose(
        "naive Bayes",
        lambda alpha: MultinomialNB(alpha=alpha).fit(train_counts, classes),
        lambda model: float((model.predict(val_counts) == val_classes).mean()),
        symbol="α",
    )
    regression = penalties.choose(
        "logistic regression",
        lambda strength: LogisticRegression(C=strength, max_iter=1000, tol=1e-3).fit(train_weights, classes),
        lambda model: float((model.predict(val_weights) == val_classes).mean()),
        start=1,
    )
    majority = int(np.bincount(classes).argmax())
    results: dict[Split, dict[str, Ints]] = {}
    for split, (split_texts, truth) in evaluated.items():
        new = counts.transform(_marked(split_texts))
        results[split] = {
            "majority": np.full_like(truth, majority),
            bayes.name: bayes.model.predict(new),
            regression.name: regression.model.predict(weigh.transform(new) @ join),
        }
    return results


def _marked(texts: Sequence[str]) -> list[str]:
    return [f"^{text}$" for text in texts]
