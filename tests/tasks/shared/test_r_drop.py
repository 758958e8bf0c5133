"""The divergence between two readings, against its formula."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from tasks.shared.classification import r_drop

SCORES = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))


def kl(p: Tensor, q: Tensor) -> float:
    return sum(a * math.log(a / b) for a, b in zip(p.softmax(0).tolist(), q.softmax(0).tolist(), strict=True))


def each() -> list[float]:
    return [(kl(p, q) + kl(q, p)) / 2 for p, q in zip(SCORES[:3], SCORES[3:], strict=True)]


def test_it_is_the_mean_of_both_divergences() -> None:
    assert float(r_drop.divergence(SCORES)) == pytest.approx(sum(each()) / 3, rel=1e-5)


def test_weights_weigh_the_examples() -> None:
    weights = [0.5, 2.0, 1.0]
    expected = sum(w * d for w, d in zip(weights, each(), strict=True)) / sum(weights)
    assert float(r_drop.divergence(SCORES, torch.tensor(weights))) == pytest.approx(expected, rel=1e-5)


def test_two_readings_that_agree_diverge_by_nothing() -> None:
    assert float(r_drop.divergence(torch.cat([SCORES, SCORES]))) == 0
