"""Confidence intervals by the bootstrap: of a mean over correlated observations, of a paired difference.

Shapes: N observations.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Interval(NamedTuple):
    """A mean and its percentile interval."""

    mean: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


def block_interval(
    values: ArrayLike, blocks: ArrayLike, *, resamples: int = 2_000, level: float = 0.95, seed: int = 0
) -> Interval:
    """Return the mean of (N,) values with a percentile interval of the block bootstrap.

    Whole blocks are drawn with replacement, as many as there are, so that what is alike stays together.

    Args:
        blocks: (N,) which block each value is of, a day for instance.
        level: the share of resamples within the interval.

    Source: H. R. Künsch, The jackknife and the bootstrap for general stationary observations, Ann. Statist. 17 (1989);
    here the blocks do not overlap (E. Carlstein, Ann. Statist. 14, 1986).
    """
    observations: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    _, of = np.unique(np.asarray(blocks), return_inverse=True)
    sums, counts = np.bincount(of, observations), np.bincount(of)
    drawn = np.random.default_rng(seed).integers(len(sums), size=(resamples, len(sums)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(observations.mean()), float(low), float(high))


def paired_interval(
    first: ArrayLike, second: ArrayLike, *, resamples: int = 10_000, level: float = 0.95, seed: int = 0
) -> Interval:
    """Return the mean difference of two systems on the same rows, with a percentile interval of the bootstrap.

    Rows are drawn with replacement; the seeds of a system stay as they are, so that the interval is that of the rows.

    Args:
        first, second: (S,N) figures of S seeds on N rows, such as 1 where a row is right; S may differ.

    Source: B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    one, other = np.asarray(first, float), np.asarray(second, float)
    # Sums, divided last: of whole numbers they are exact, so that a bound of 0 is 0 and not 1e-17.
    differences = one.sum(0) * len(other) - other.sum(0) * len(one)  # (N,)
    values, counts = np.unique(differences, return_counts=True)
    size = len(differences)
    drawn = np.random.default_rng(seed).multinomial(size, counts / size, resamples)  # of each value, how many rows
    low, high = np.quantile(drawn @ values, [(1 - level) / 2, (1 + level) / 2])
    whole = size * len(one) * len(other)
    return Interval(float(differences.sum() / whole), float(low / whole), float(high / whole))
