"""Ridge regression, against scikit-learn's."""

from __future__ import annotations

import pytest
import torch
from sklearn.linear_model import Ridge as Reference
from torch import Tensor

from tasks.shared.baselines.ridge import Ridge


def some(rows: int, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, 12, generator=generator) * torch.arange(1, 13) + 3
    weight = torch.linspace(-1, 1, 36).reshape(12, 3)
    return x, x @ weight + 7 + 5 * torch.randn(rows, 3, generator=generator)


@pytest.mark.parametrize("alpha", [0.1, 100.0, 1e5])
def test_one_penalty_gives_the_reference(alpha: float) -> None:
    x, y = some(40, 0)
    parts = list(zip(x.split(7), y.split(7), strict=True))
    found = Ridge(lambda: parts, lambda: [some(20, 1)], [alpha], widened=0)
    expected = Reference(alpha=alpha).fit(x.double(), y.double())
    new, _ = some(9, 2)
    assert found.alpha == alpha
    assert found(new).numpy() == pytest.approx(expected.predict(new.double()), rel=1e-6, abs=1e-6)


def test_the_penalty_is_the_best_on_validation() -> None:
    train, val = some(15, 0), some(200, 1)
    alphas = [1e-3, 1.0, 30.0, 1e3, 1e6]
    errors = {
        a: float(((Ridge(lambda: [train], lambda: [val], [a], widened=0)(val[0]) - val[1]) ** 2).mean()) for a in alphas
    }
    assert len(set(errors.values())) == len(alphas)
    assert Ridge(lambda: [train], lambda: [val], alphas).alpha == min(errors, key=errors.__getitem__)


@pytest.mark.parametrize("alphas", [[1e-6, 1e-5], [1e4, 1e5]])
def test_the_grid_is_widened_until_the_best_penalty_stands_inside(alphas: list[float]) -> None:
    train, val = some(15, 0), some(200, 1)
    fine = [10.0 ** (half / 2) for half in range(-12, 11)]
    best = Ridge(lambda: [train], lambda: [val], fine, widened=0)
    assert not best.at_edge
    found = Ridge(lambda: [train], lambda: [val], alphas, widened=30)
    assert found.alpha == pytest.approx(best.alpha)
    assert not found.at_edge


def test_a_penalty_at_the_end_of_the_grid_is_told() -> None:
    train, val = some(15, 0), some(200, 1)
    found = Ridge(lambda: [train], lambda: [val], [1e-6, 1e-5], widened=2)
    assert found.at_edge
    assert found.alpha == pytest.approx(1e-4)
