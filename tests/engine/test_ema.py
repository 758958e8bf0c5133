"""Exponential moving average of the weights: the formula bit for bit, applied and taken back, kept over a resume."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from workbench.engine.ema import EMA


def former(averages: list[Tensor], weights: list[Tensor], decay: float, step: int) -> None:
    """The update as it was written by hand, before the average was torch's."""
    torch._foreach_lerp_(averages, weights, 1 - min(decay, (step - 1) / (step + 10)))


def learned(model: nn.Module) -> None:
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight))


def test_the_average_is_the_recursion_and_is_applied_within_only() -> None:
    model = nn.Linear(3, 2)
    ema = EMA(model, 0.9)
    expected = model.weight.detach().clone()
    for step in range(1, 200):
        learned(model)
        ema.update(step)
        kept = min(0.9, (step - 1) / (step + 10))
        expected = kept * expected + (1 - kept) * model.weight.detach()
        if step == 1:
            assert expected.equal(model.weight)
    own = model.weight.detach().clone()
    with ema.applied(), ema.applied():
        torch.testing.assert_close(model.weight.detach(), expected)
    assert model.weight.equal(own)
    with pytest.raises(KeyError), ema.applied():
        raise KeyError
    assert model.weight.equal(own)


@pytest.mark.parametrize("decay", [0.5, 0.9, 0.998])
def test_the_values_are_those_of_the_former_formula_bit_for_bit(decay: float) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(5, 4), nn.BatchNorm1d(4), nn.GRU(4, 3), nn.Linear(3, 2).double())
    model[0].weight.requires_grad_(False)
    ema = EMA(model, decay)
    weights = [weight.detach() for weight in model.parameters()]
    averages = [weight.clone() for weight in weights]
    for step in range(1, 120):
        learned(model)
        ema.update(step)
        former(averages, weights, decay, step)
        assert all(one.equal(other) for one, other in zip(ema.state(), averages, strict=True)), step


def test_an_average_that_is_restored_goes_on_as_if_it_had_never_stopped() -> None:
    model = nn.Linear(3, 2)
    whole, first, second = EMA(model, 0.9), EMA(model, 0.9), EMA(model, 0.9)
    for step in range(1, 9):
        learned(model)
        whole.update(step)
        if step <= 4:
            first.update(step)
        if step == 4:
            second.restore(first.state())
        if step > 4:
            second.update(step)
    assert all(one.equal(other) for one, other in zip(whole.state(), second.state(), strict=True))


def test_a_tied_parameter_is_averaged_once() -> None:
    model = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 5, bias=False))
    model[1].weight = model[0].weight
    ema = EMA(model, 0.9)
    assert [tuple(average.shape) for average in ema.state()] == [(5, 4)]
    ema.update(1)
    own = model[0].weight.detach().clone()
    learned(model)
    with ema.applied():
        assert model[1].weight is model[0].weight
        assert model[0].weight.equal(own)


def test_without_a_decay_there_is_no_average() -> None:
    model = nn.Linear(3, 2)
    ema = EMA(model, 0.0)
    ema.update(1)
    own = model.weight.detach().clone()
    with ema.applied():
        assert model.weight.equal(own)
    assert ema.state() == []


def test_a_saved_average_comes_back_and_another_networks_is_refused() -> None:
    model = nn.Linear(3, 2)
    ema = EMA(model, 0.9)
    saved = [average.clone() + 1 for average in ema.state()]
    ema.restore(saved)
    assert all(average.equal(one) for average, one in zip(ema.state(), saved, strict=True))
    with pytest.raises(ValueError, match="zip"):
        ema.restore([])
