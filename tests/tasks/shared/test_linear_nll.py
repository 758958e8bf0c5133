"""Mean NLL under a linear layer, computed with its gradients: equal to torch's cross-entropy of the layer's scores."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tasks.shared.text import linear_nll
from tasks.shared.text.linear_nll import mean_nll

WIDTH, CLASSES = 5, 11


def given(count: int, dtype: torch.dtype = torch.float32, scale: float = 1.0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    draw = torch.Generator().manual_seed(count)
    outputs, weight, bias = (
        scale * torch.randn(shape, dtype=dtype, generator=draw)
        for shape in ((count, WIDTH), (CLASSES, WIDTH), (CLASSES,))
    )
    targets = torch.randint(CLASSES, (count,), generator=draw)
    return outputs.requires_grad_(), targets, weight.requires_grad_(), bias.requires_grad_()


def plain(outputs: Tensor, targets: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.cross_entropy(F.linear(outputs, weight, bias), targets)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear_nll, "_CHUNK", 4)


@pytest.mark.parametrize("count", [1, 3, 4, 5, 8, 13])  # fewer than a chunk, one, several and a part
@pytest.mark.parametrize("scale", [1.0, 40.0])  # probabilities of 0 and 1 in float32
def test_values_and_gradients_are_those_of_torch(count: int, scale: float) -> None:
    outputs, targets, weight, bias = given(count, scale=scale)
    found = mean_nll(outputs, targets, weight, bias)
    expected = plain(outputs, targets, weight, bias)
    torch.testing.assert_close(found, expected)
    leaves = (outputs, weight, bias)
    for one, other in zip(
        torch.autograd.grad(3 * found, leaves), torch.autograd.grad(3 * expected, leaves), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5 * scale)


def test_gradients_are_the_numerical_ones() -> None:
    outputs, targets, weight, bias = given(9, torch.float64)
    assert torch.autograd.gradcheck(lambda *parts: mean_nll(parts[0], targets, *parts[1:]), (outputs, weight, bias))


def test_float64_is_exact_to_its_own_rounding() -> None:
    outputs, targets, weight, bias = given(10, torch.float64)
    found, expected = mean_nll(outputs, targets, weight, bias), plain(outputs, targets, weight, bias)
    torch.testing.assert_close(found, expected, rtol=1e-14, atol=1e-14)


def test_enormous_scores_stay_finite() -> None:
    outputs, targets, weight, bias = given(6, scale=1e4)
    found = mean_nll(outputs, targets, weight, bias)
    torch.testing.assert_close(found, plain(outputs, targets, weight, bias))
    assert all(grad.isfinite().all() for grad in torch.autograd.grad(found, (outputs, weight, bias)))


@pytest.mark.parametrize("frozen", range(3))
def test_what_needs_no_gradient_gets_none(frozen: int) -> None:
    outputs, targets, weight, bias = given(7)
    leaves = [outputs, weight, bias]
    leaves[frozen].requires_grad_(False)
    torch.autograd.backward(mean_nll(outputs, targets, weight, bias))
    assert [leaf.grad is None for leaf in leaves] == [place == frozen for place in range(3)]


def test_a_weight_that_is_computed_hands_its_gradient_on() -> None:
    outputs, targets, weight, bias = given(7)
    for compute in (mean_nll, plain):
        torch.autograd.backward(compute(outputs, targets, weight + outputs.sum(), bias))
    twice = outputs.grad
    assert twice is not None
    single = torch.autograd.grad(plain(outputs, targets, weight + outputs.sum(), bias), outputs)[0]
    torch.testing.assert_close(twice, 2 * single)


def test_without_gradients_and_under_autocast_torch_computes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs, targets, weight, bias = given(5)
    expected = float(plain(outputs, targets, weight, bias).detach())
    monkeypatch.setattr(linear_nll, "_MeanNLL", None)
    with torch.no_grad():
        assert float(mean_nll(outputs, targets, weight, bias)) == pytest.approx(expected, abs=1e-6)
    with torch.autocast("cpu", torch.bfloat16):
        lowered = mean_nll(outputs, targets, weight, bias)
    assert lowered.dtype is torch.float32
    assert float(lowered.detach()) == pytest.approx(expected, abs=0.1)
