"""A deep ensemble: networks of one form, initialised differently and trained side by side.

Source: B. Lakshminarayanan, A. Pritzel and C. Blundell, Simple and Scalable Predictive Uncertainty Estimation using
Deep Ensembles, NIPS 2017.

Shapes: B batch, T time, M members, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tasks.shared.classification.model import SequenceClassifier, with_beside


class Ensemble(nn.Module):
    """Members whose probabilities are averaged: codes (B,T) → log probabilities (B,C).

    Args:
        members: M networks.
        beside: see ``SequenceClassifier``.
    """

    def __init__(self, members: Sequence[SequenceClassifier], beside: nn.Module | None = None) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.beside = beside

    def forward(self, codes: Tensor, lengths: Tensor) -> Tensor:
        """``codes`` (B,T), ``lengths`` (B,) on the CPU → the logarithm of the mean probabilities (B,C)."""
        each = torch.stack([member(codes, lengths).float().log_softmax(1) for member in self.members])  # (M,B,C)
        return with_beside(self, codes, each.logsumexp(0) - math.log(len(each)))


def members_of(model: nn.Module) -> list[nn.Module]:
    """Return an ensemble's members; of a network that is none, itself."""
    return list(model.members) if isinstance(model, Ensemble) else [model]


def classifiers_of(model: nn.Module) -> list[SequenceClassifier]:
    """Return the members as the classifiers that they are."""
    found = []
    for member in members_of(model):
        assert isinstance(member, SequenceClassifier)
        found.append(member)
    return found
