"""A linear model of n-grams weighed by naive Bayes, beside a network.

Source: S. Wang and C. D. Manning, Baselines and Bigrams, ACL 2012 (the weights); G. Mesnil et al., Ensemble of
Generative and Discriminative Techniques for Sentiment Analysis of Movie Reviews, ICLR workshop 2015 (beside a network).

Shapes: B batch, T time, N texts, L n-grams of a text, K n-grams known, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tasks.shared.classification import penalties

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

KEPT = 300_000  # K: more gain nothing on IMDB
_RARE = 2  # an n-gram of fewer training texts tells little
_START = -1  # power of ten of C at which its search begins: IMDB's best
_NAME = "linear model of n-grams"
_NONE = torch.iinfo(torch.int64).max  # past every n-gram's key


Batches = Iterable[tuple[Tensor, Tensor]]


class LinearNgrams(nn.Module):
    """Linear scores of each class from the n-grams that occur in a text: (B,T) → (B,C).

    Args:
        longest: n of the longest n-gram.
        size: symbols are numbers below it; 0 is padding.
        classes: C.
    """

    keys: Tensor  # (K,) in order, then _NONE
    weights: Tensor  # (K,C)
    bias: Tensor  # (C,)

    def __init__(self, longest: int, size: int, classes: int) -> None:
        super().__init__()
        if size**longest >= _NONE:
            raise ValueError(f"n-grams of {longest} among {size:,} words cannot be numbered: set task.ngrams lower.")
        self.longest, self.size = longest, size
        self.register_buffer("keys", torch.full((KEPT,), _NONE))
        self.register_buffer("weights", torch.zeros(KEPT, classes))
        self.register_buffer("bias", torch.zeros(classes))

    def forward(self, codes: Tensor) -> Tensor:
        keys = self.found_in(codes)  # (B,L)
        place = torch.searchsorted(self.keys, keys).clamp(max=KEPT - 1)
        known = (self.keys[place] == keys) & (keys < _NONE)
        scores: Tensor = (self.weights[place] * known[..., None]).sum(1) + self.bias  # (B,C)
        return scores

    def found_in(self, codes: Tensor) -> Tensor:
        """Return the key of each n-gram of each text (B,T) or (B,T,1+S), once, in order, amid ``_NONE``: (B,L)."""
        if codes.dim() == 3:  # each symbol before its spelling
            codes = codes[..., 0]
        length = codes.shape[1]
        parts = []
        for n in range(1, min(self.longest, length) + 1):
            window = codes.unfold(1, n, 1)  # (B,T-n+1,n)
            place = self.size ** torch.arange(n, device=codes.device)  # (n,) shorter ones end in padding
            parts.append((window * place).sum(-1).masked_fill((window == 0).any(-1), _NONE))
        keys = torch.cat(parts, 1).sort(1).values  # (B,L)
        repeated = torch.zeros_like(keys, dtype=torch.bool)
        repeated[:, 1:] = keys[:, 1:] == keys[:, :-1]
        return keys.masked_fill(repeated, _NONE)

    def fit(self, train: Batches, val: Batches) -> tuple[int, str]:
        """Fit to the training texts, the penalty chosen by accuracy on the validation texts.

        Args:
            train, val: batches of codes (B,T) and labels (B,) on the CPU.

        Returns:
            the number of n-grams kept; the model's name, with its penalty where that is the edge of the grid.
        """
        texts = self._ngrams(train)
        vocabulary, counts = np.unique(texts.keys, return_counts=True)
        often = np.argsort(-counts, kind="stable")[:KEPT]
        vocabulary = np.sort(vocabulary[often[counts[often] >= _RARE]])
        if not len(vocabulary):
            return 0, _NAME
        held_out = self._ngrams(val)
        unseen = held_out.present(vocabulary)
        chosen = penalties.choose(
            _NAME,
            _fitter(texts.present(vocabulary), texts.labels, len(self.bias)),
            lambda linear: float(((unseen @ linear.weights + linear.bias).argmax(1) == held_out.labels).mean()),
            start=_START,
        )
        self.weights[: len(vocabulary)] = torch.from_numpy(chosen.model.weights)
        self.bias[:] = torch.from_numpy(chosen.model.bias)
        self.keys[: len(vocabulary)] = torch.from_numpy(vocabulary)
        return len(vocabulary), chosen.name

    def _ngrams(self, batches: Batches) -> _Ngrams:
        owners, grams, labels, before = [], [], [], 0
        for codes, of in batches:
            keys = self.found_in(codes)
            row, column = (keys < _NONE).nonzero(as_tuple=True)
            owners.append((row + before).numpy())
            grams.append(keys[row, column].numpy())
            labels.append(of.numpy())
            before += len(codes)
        return _Ngrams(np.concatenate(owners), np.concatenate(grams), np.concatenate(labels))


class _Ngrams(NamedTuple):
    """N-grams of N texts."""

    owners: NDArray[np.int64]  # each n-gram's text
    keys: NDArray[np.int64]
    labels: NDArray[np.int64]  # (N,)

    def present(self, vocabulary: NDArray[np.int64]) -> csr_matrix:
        """Return a one where a text holds an n-gram of the sorted vocabulary: (N,K)."""
        from scipy.sparse import csr_matrix

        number = np.searchsorted(vocabulary, self.keys).clip(max=len(vocabulary) - 1)
        is_kept = vocabulary[number] == self.keys
        ones = np.ones(int(is_kept.sum()), np.float32)
        return csr_matrix((ones, (self.owners[is_kept], number[is_kept])), (len(self.labels), len(vocabulary)))


class _Linear(NamedTuple):
    """Scores of each class: weights (K,C), bias (C,)."""

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]


def _fitter(present: csr_matrix, labels: NDArray[np.int64], classes: int) -> Callable[[float], _Linear]:
    """Return a function from a strength C to logistic regressions of each class against the others.

    Args:
        present: (N,K) ones.
        labels: (N,).
    """
    from sklearn.linear_model import LogisticRegression

    sought = range(classes == 2, classes)  # of two classes, one's score says all
    inside = {k: labels == k for k in sought}
    ratios = {k: _log_count_ratio(present, of) for k, of in inside.items() if 0 < of.sum() < len(labels)}

    def fit(strength: float) -> _Linear:
        linear = _Linear(np.zeros((present.shape[1], classes)), np.zeros(classes))
        for k, of in inside.items():
            if k not in ratios:  # a class of no text, or of all of them
                linear.bias[k] = math.copysign(math.log(len(labels) + 1), of.any() - 0.5)
                continue
            model = LogisticRegression(C=strength, solver="liblinear", dual=True, random_state=0)
            model.fit(present.multiply(ratios[k]).tocsr(), of)
            linear.weights[:, k] = model.coef_[0] * ratios[k]
            linear.bias[k] = model.intercept_[0]
        return linear

    return fit


def _log_count_ratio(present: csr_matrix, inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the log ratio of each n-gram's share in a class to its share in the others: (K,)."""
    shares = []
    for rows in (inside, ~inside):
        count = 1 + np.asarray(present[rows].sum(0)).ravel()
        shares.append(count / count.sum())
    ratio: NDArray[np.float32] = np.log(shares[0] / shares[1]).astype(np.float32)
    return ratio
