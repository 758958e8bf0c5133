"""Proportional features as one: which are joined, and that a linear model stays the same."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose
from scipy.sparse import csr_matrix
from sklearn.linear_model import Ridge

from tasks.shared.baselines.proportional import joining

TRAIN = np.array(
    [
        # a   b    c    d    e    f
        [1.0, 2.0, 0.0, 3.0, 0.0, 0.0],
        [2.0, 4.0, 0.0, 0.0, 0.5, 0.0],
        [0.0, 0.0, 1.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 2.0, 1.0, 0.0, 0.0],
    ]
)  # a and b are proportional; f is in no training row
OTHERS = np.array([[1.0, 0.0, 3.0, 0.0, 2.0, 1.0], [0.0, 5.0, 0.0, 1.0, 0.0, 0.0]])


def test_only_proportional_columns_are_joined_and_lengths_are_kept() -> None:
    join = joining(csr_matrix(TRAIN)).toarray()
    assert join.shape == (6, 4)
    groups = sorted(tuple(np.flatnonzero(column)) for column in join.T)
    assert groups == [(0, 1), (2,), (3,), (4,)]
    assert_allclose(join.T @ join, np.eye(4), atol=1e-12)
    assert_allclose((TRAIN @ join) @ (TRAIN @ join).T, TRAIN @ TRAIN.T)


def test_a_penalised_linear_model_predicts_the_same_on_new_rows() -> None:
    join, targets = joining(csr_matrix(TRAIN)), np.array([1.0, -1.0, 0.5, 2.0])
    plain = Ridge(alpha=0.3).fit(TRAIN, targets)
    joint = Ridge(alpha=0.3).fit(TRAIN @ join, targets)
    assert_allclose(joint.predict(OTHERS @ join), plain.predict(OTHERS))
