"""A linear model of n-grams weighed by naive Bayes, beside a network.

Source: S. Wang and C. D. Manning, Baselines and Bigrams, ACL 2012 (the weights); G. Mesnil et al., Ensemble of
Generative and Discriminative Techniques for Sentiment Analysis of Movie Reviews, ICLR workshop 2015 (beside a network).

Shapes: B batch, T time, N texts, L n-grams of a text, K n-grams known, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

KEPT = 300_000  # K: more gain nothing on IMDB
_RARE = 2  # an n-gram of fewer training texts tells little
_STRENGTH = 0.1  # C of the logistic regression, chosen on IMDB's validation split
_NONE = torch.iinfo(torch.int64).max  # past every n-gram's key


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

    def fit(self, batches: Iterable[tuple[Tensor, Tensor]]) -> int:
        """Fit to ``batches`` of codes (B,T) and labels (B,) on the CPU; return the number of n-grams kept."""
        from scipy.sparse import csr_matrix
        from sklearn.linear_model import LogisticRegression

        texts, grams, labels, before = [], [], [], 0
        for codes, of in batches:
            keys = self.found_in(codes)
            row, column = (keys < _NONE).nonzero(as_tuple=True)
            texts.append((row + before).numpy())
            grams.append(keys[row, column].numpy())
            labels.append(of.numpy())
            before += len(codes)
        owner, gram, label = np.concatenate(texts), np.concatenate(grams), np.concatenate(labels)
        vocabulary, counts = np.unique(gram, return_counts=True)
        often = np.argsort(-counts, kind="stable")[:KEPT]
        vocabulary = np.sort(vocabulary[often[counts[often] >= _RARE]])
        if not len(vocabulary):
            return 0
        number = np.searchsorted(vocabulary, gram).clip(max=len(vocabulary) - 1)
        is_kept = vocabulary[number] == gram
        shape = (before, len(vocabulary))
        present = csr_matrix((np.ones(int(is_kept.sum()), np.float32), (owner[is_kept], number[is_kept])), shape)
        classes = len(self.bias)
        for k in range(classes == 2, classes):  # of two classes, one's score says all
            if not 0 < (label == k).sum() < before:  # a class of no text, or of all of them
                self.bias[k] = math.copysign(math.log(before + 1), (label == k).any() - 0.5)
                continue
            ratio = _log_count_ratio(present, label == k)
            model = LogisticRegression(C=_STRENGTH, solver="liblinear", dual=True, random_state=0)
            model.fit(present.multiply(ratio).tocsr(), label == k)
            self.weights[: len(vocabulary), k] = torch.from_numpy(model.coef_[0] * ratio)
            self.bias[k] = float(model.intercept_[0])
        self.keys[: len(vocabulary)] = torch.from_numpy(vocabulary)
        return len(vocabulary)


def _log_count_ratio(present: csr_matrix, inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the log ratio of each n-gram's share in a class to its share in the others: (K,)."""
    shares = []
    for rows in (inside, ~inside):
        count = 1 + np.asarray(present[rows].sum(0)).ravel()
        shares.append(count / count.sum())
    ratio: NDArray[np.float32] = np.log(shares[0] / shares[1]).astype(np.float32)
    return ratio
