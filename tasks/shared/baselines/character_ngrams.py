"""Baselines of short texts with classes, on character n-grams.

Shapes: N texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tasks.base import Baselines, Split
from tasks.shared.classification.metrics import Ints, metrics


def character_ngrams(
    texts: Sequence[str],
    classes: Ints,
    evaluated: Mapping[Split, tuple[Sequence[str], Ints]],
    class_count: int,
    *,
    longest: int,
) -> Baselines:
    """Fit and measure majority, naive Bayes and logistic regression on character n-grams with the word's ends marked.

    Args:
        texts, classes: (N,) what is learned from.
        evaluated: the texts and classes of each split to measure on.
        longest: n of the longest n-gram.

    Returns:
        ``{split: {method: metrics}}``.
    """
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import MultinomialNB

    counts = CountVectorizer(analyzer="char", ngram_range=(1, longest), lowercase=False)
    train_counts = counts.fit_transform(_marked(texts))
    weigh = TfidfTransformer(sublinear_tf=True).fit(train_counts)
    bayes = MultinomialNB(alpha=0.1).fit(train_counts, classes)
    regression = LogisticRegression(C=30.0, max_iter=1000, tol=1e-3).fit(weigh.transform(train_counts), classes)
    majority = int(np.bincount(classes).argmax())
    results: Baselines = {}
    for split, (split_texts, truth) in evaluated.items():
        new = counts.transform(_marked(split_texts))
        predictions = {
            "majority": np.full_like(truth, majority),
            "naive Bayes": bayes.predict(new),
            "logistic regression": regression.predict(weigh.transform(new)),
        }
        results[split] = {method: metrics(truth, guess, class_count) for method, guess in predictions.items()}
    return results


def _marked(texts: Sequence[str]) -> list[str]:
    return [f"^{text}$" for text in texts]
