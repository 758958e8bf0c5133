"""The gradient step by itself: weight decay, momentum, the mean of the weights, and a schedule that is restored."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from workbench.config.options import TrainOptions
from workbench.engine.optim import Optimization

STEPS = 12


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Linear(3, 2)


def train_options(**values: object) -> TrainOptions:
    return TrainOptions(**{"lr": 0.1, "schedule": "constant", "clip": 0.0, "average": 0.0, **values})


def weights(model: nn.Module) -> Tensor:
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


def falling(model: nn.Module) -> Tensor:
    """A loss whose gradient is 1 for each weight."""
    return sum(weight.sum() for weight in model.parameters())


def flat(model: nn.Module) -> Tensor:
    """A loss without a gradient: what is left to a step is weight decay."""
    return 0 * falling(model)


@pytest.mark.parametrize("decay", [0.0, 0.25])
@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd", "rmsprop"])
def test_weight_decay_is_the_optimisers_own(optimizer: str, decay: float) -> None:
    model = network()
    before = weights(model)
    step = Optimization(model, train_options(optimizer=optimizer, weight_decay=decay), STEPS, scaled=False).step
    step(flat(model), 1)
    # the first steps of Loshchilov and Hutter (2019), Kingma and Ba (2015), of plain SGD, of Tieleman and Hinton (2012)
    expected = {
        "adamw": before * (1 - 0.1 * decay),
        "adam": before - 0.1 * before.sign() * bool(decay),
        "sgd": before - 0.1 * decay * before,
        "rmsprop": before - 0.1 * before.sign() / 0.01**0.5 * bool(decay),
    }[optimizer]
    torch.testing.assert_close(weights(model), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop"])
def test_momentum_carries_a_step_on(optimizer: str) -> None:
    model = network()
    optimization = Optimization(
        model, train_options(optimizer=optimizer, momentum=0.5, weight_decay=0.0), 9, scaled=False
    )
    places = [weights(model)]
    for number in (1, 2):
        optimization.step(falling(model) if number == 1 else flat(model), number)
        places.append(weights(model))
    torch.testing.assert_close(places[2] - places[1], 0.5 * (places[1] - places[0]))


def test_each_step_takes_the_weights_into_their_mean() -> None:
    model = network()
    optimization = Optimization(model, train_options(average=0.9), STEPS, scaled=False)
    expected = weights(model)
    for number in range(1, STEPS + 1):
        optimization.step(falling(model), number)
        kept = min(0.9, (number - 1) / (number + 10))
        expected = kept * expected + (1 - kept) * weights(model)
        torch.testing.assert_close(torch.cat([mean.flatten() for mean in optimization.ema.state()]), expected)
    assert not expected.allclose(weights(model))


def test_the_gradient_of_a_step_is_its_own() -> None:
    model = network()
    optimization = Optimization(model, train_options(optimizer="sgd", weight_decay=0.0), STEPS, scaled=False)
    norms = [float(optimization.step(falling(model), number)) for number in (1, 2, 3)]
    assert norms == pytest.approx([8**0.5] * 3)


@pytest.mark.parametrize("schedule", ["one-cycle", "cosine", "constant"])
def test_a_schedule_goes_on_where_it_was_saved(schedule: str) -> None:
    def begun(model: nn.Module) -> Optimization:
        return Optimization(model, train_options(schedule=schedule, average=0.9), STEPS, scaled=False)

    model, other = network(), network()
    whole, resumed = begun(model), begun(other)
    for number in range(1, 6):
        whole.step(falling(model), number)
    other.load_state_dict(model.state_dict())
    resumed.load_state_dict(copy.deepcopy(whole.state_dict()))  # as through a file
    rates = []
    for number in range(6, STEPS + 1):
        for optimization, network_of_it in ((whole, model), (resumed, other)):
            optimization.step(falling(network_of_it), number)
        assert resumed.lr == whole.lr
        assert weights(other).equal(weights(model))
        assert all(map(torch.equal, resumed.ema.state(), whole.ema.state()))
        rates.append(whole.lr)
    assert (len(set(rates)) == 1) == (schedule == "constant")


def test_a_life_without_float16_leaves_the_next_one_a_fresh_scaler() -> None:
    options, saved = train_options(), Optimization(network(), train_options(), STEPS, scaled=False).state_dict()
    assert saved["scaler"] == {}
    scaled = Optimization(network(), options, STEPS, scaled=True)
    scaled.load_state_dict(saved)
    assert scaled.skips_overflows
    assert scaled.state_dict()["scaler"]["scale"] > 1
