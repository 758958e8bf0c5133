"""Baselines on the same poems and the same vocabulary: unigrams and Kneser-Ney 5-grams."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from tasks.base import EVAL_SPLITS, Baselines, Metrics, Split
from tasks.shared.baselines.kneser_ney import KneserNey, unigram
from tasks.shared.sequences.ragged import Ragged

_ORDER = 5


def measure(poems: Ragged, rows: dict[Split, Tensor], never: list[int], hanzi: NDArray[np.bool_]) -> Baselines:
    """Fit the baselines on the training rows and measure them on the others.

    Args:
        never: the tokens that are never predicted: padding, the start.
        hanzi: (V,) the tokens that are characters.

    Returns:
        ``{split: {method: metrics}}``.
    """
    flat, lengths = _flat(poems, rows["train"])
    size = len(hanzi)
    shares = unigram(flat, lengths, size=size, never=never)
    model = KneserNey(flat, lengths, order=_ORDER, size=size, never=never)
    metrics: Baselines = {}
    for split in EVAL_SPLITS:
        flat, lengths = _flat(poems, rows[split])
        predicted = np.delete(flat, np.cumsum(lengths) - lengths)
        is_hanzi = hanzi[predicted]
        metrics[split] = {
            "unigram": _metrics(-np.log(shares[predicted]), is_hanzi),
            f"Kneser-Ney {_ORDER}-gram": _metrics(-np.log(model.probabilities(flat, lengths)), is_hanzi),
        }
    return metrics


def _metrics(nats: NDArray[np.float64], hanzi: NDArray[np.bool_]) -> Metrics:
    nll = float(nats.mean())
    return {"loss": nll, "nll": nll, "nll_hanzi": float(nats[hanzi].mean()), "perplexity": math.exp(nll)}


def _flat(poems: Ragged, rows: Tensor) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Concatenate some poems → (S,), and their lengths (N,)."""
    sequences = poems.lists(rows)
    return np.concatenate([np.array(s) for s in sequences]), np.array([len(s) for s in sequences])
