"""Proportional features as one: the same linear model from fewer columns.

Columns that are multiples of one another in the training rows, as those of n-grams that occur in a single text, are
turned by a rotation into one column of their joint length and columns of zeros. A linear model whose penalty is on the
sum of the weights' squares is the same in a rotated basis, and gives columns of zeros no weight.

Shapes: N training rows, F features, G groups of proportional ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_DIGITS = 9  # to which two projections of unit vectors must agree


def joining(train: csr_matrix) -> csr_matrix:
    """Return the map (F,G) from features to joint ones: ``features @ map`` are what a model learns from and is asked.

    Proportional columns are found by two random projections of them at unit length.

    Args:
        train: (N,F) features of the training rows.
    """
    from scipy.sparse import csr_matrix

    lengths = np.sqrt(np.asarray(train.multiply(train).sum(0)).ravel())  # (F,)
    kept = np.flatnonzero(lengths)
    projected = train.T @ np.random.default_rng(0).standard_normal((train.shape[0], 2))  # (F,2)
    signature = np.round(projected[kept] / lengths[kept, None], _DIGITS) + 0.0  # no −0
    _, group = np.unique(signature, axis=0, return_inverse=True)
    group = group.ravel()
    joint = np.sqrt(np.bincount(group, lengths[kept] ** 2))  # (G,)
    return csr_matrix((lengths[kept] / joint[group], (kept, group)), (train.shape[1], len(joint)))
