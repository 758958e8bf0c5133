"""Baselines on the same characters and the same vocabulary: unigrams and Kneser-Ney n-grams."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tasks.base import EVAL_SPLITS, Baselines, Metrics
from tasks.chars.data import CharData
from tasks.shared.baselines.kneser_ney import KneserNey, unigram

_ORDERS = (3, 4, 5, 6, 7, 8, 10, 12, 16)
_MOST = 2_000_000  # characters that n-grams are counted in: up to 700 bytes of memory for each


def measure(data: CharData, size: int, never: list[int]) -> Baselines:
    """Fit the baselines on the training part and measure them on the others; the order is chosen on validation.

    Of a longer training part n-grams are counted in its last two million characters, which the method's name says.

    Args:
        size: V.
        never: the tokens that are never predicted.

    Returns:
        ``{split: {method: metrics}}``.
    """
    codes = data.codes.cpu().numpy()
    parts = {split: codes[slice(*place)].astype(np.int64) for split, place in data.parts.items()}
    train = parts["train"]
    shares = unigram(train, _lengths(train), size=size, never=never)
    counted = train[-_MOST:]
    best, order, model = math.inf, 0, None
    for one in _ORDERS:
        tried = KneserNey(counted, _lengths(counted), order=one, size=size, never=never)
        nll = _nll(tried.probabilities(parts["val"], _lengths(parts["val"])))
        if nll >= best:
            break  # longer contexts only repeat the training part's
        best, order, model = nll, tried.order, tried
    assert model is not None
    name = f"Kneser-Ney {order}-gram" + f", last {_MOST:,} characters" * (len(train) > _MOST)
    return {
        split: {
            "unigram": metrics(_nll(shares[parts[split][1:]])),
            name: metrics(_nll(model.probabilities(parts[split], _lengths(parts[split])))),
        }
        for split in EVAL_SPLITS
    }


def metrics(nll: float) -> Metrics:
    """Return the metrics that a mean NLL gives, in nats for each character."""
    return {"loss": nll, "nll": nll, "bpc": nll / math.log(2)}


def _nll(probabilities: NDArray[np.float64]) -> float:
    return float(-np.log(probabilities).mean())


def _lengths(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.array([len(codes)])
