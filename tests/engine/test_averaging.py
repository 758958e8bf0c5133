"""The running mean of the weights: by the definition, shown and taken back, kept over a resume."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from workbench.engine.ema import Average


def test_the_mean_is_the_recursion_and_is_shown_within_only() -> None:
    model = nn.Linear(3, 2)
    average = Average(model, 0.9)
    expected = model.weight.detach().clone()
    for step in range(1, 200):
        with torch.no_grad():
            model.weight.add_(torch.randn(2, 3))
        average.update(step)
        kept = min(0.9, (step - 1) / (step + 10))
        expected = kept * expected + (1 - kept) * model.weight.detach()
        if step == 1:
            assert expected.equal(model.weight)
    own = model.weight.detach().clone()
    with average.shown(), average.shown():
        torch.testing.assert_close(model.weight.detach(), expected)
    assert model.weight.equal(own)
    with pytest.raises(KeyError), average.shown():
        raise KeyError
    assert model.weight.equal(own)


def test_without_a_decay_the_weights_stand_for_it() -> None:
    model = nn.Linear(3, 2)
    average = Average(model, 0.0)
    average.update(1)
    own = model.weight.detach().clone()
    with average.shown():
        assert model.weight.equal(own)
    assert average.state() == []


def test_a_saved_mean_comes_back_and_another_networks_is_refused() -> None:
    model = nn.Linear(3, 2)
    average = Average(model, 0.9)
    saved = [mean.clone() + 1 for mean in average.state()]
    average.restore(saved)
    assert all(mean.equal(one) for mean, one in zip(average.state(), saved, strict=True))
    with pytest.raises(ValueError, match="zip"):
        average.restore([])
