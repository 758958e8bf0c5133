"""Derivatives through the compiled kernels: what they compute, what they leave to the Python cell, what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from cell_oracles import agree, network, parameters, some_state
from native_oracles import NAMES, Case, draw, near, passes, results, truth
from torch import Tensor
from torch.autograd import forward_ad
from torch.utils.checkpoint import checkpoint

from cells._kernels.native.library import Level

__all__ = ["passes"]
LENGTHS = torch.tensor([3, 6, 1, 4])
B, T, I, H = 4, 6, 3, 9  # noqa: E741
EACH = pytest.mark.parametrize("name", NAMES)


def net_of(name: str, kernel: str = "native", **options: Any) -> Any:
    return network(name, I, H, dtype=torch.float32, kernel=kernel, **options)


@EACH
def test_float64_is_the_python_cell_s(name: str, passes: list[Level]) -> None:
    case = Case(name, (B, T, I, H), (3, 6, 1, 4), layers=2)
    agree(case.values("native", torch.float64), truth(case), 0)
    assert passes == []


@pytest.mark.parametrize("layout", ["whole", "turned"])
@EACH
def test_second_derivatives(name: str, layout: str, passes: list[Level]) -> None:
    """By x in either layout, the states and all weights, of a loss of outputs and last states."""
    found = []
    for kernel in ("native", "reference"):
        net = net_of(name, kernel)
        state = some_state(net, B)
        x = draw(B, T, I) if layout == "whole" else draw(B, I, T).transpose(1, 2)
        leaves = {"x": x.requires_grad_(), **state._asdict(), **parameters(net)}
        for leaf in state:
            leaf.requires_grad_()
        outputs, last = net(x, LENGTHS, state, return_state=True)
        loss = outputs.square().sum() + sum(part.sin().sum() for part in last)
        first = torch.autograd.grad(loss, list(leaves.values()), create_graph=True)
        second = torch.autograd.grad(sum(part.square().sum() for part in first), list(leaves.values()))
        named = zip([*(f"1 {key}" for key in leaves), *(f"2 {key}" for key in leaves)], [*first, *second], strict=True)
        found.append({key: value.detach() for key, value in named})
    near(*found, relative=3e-5)
    assert len(passes) == 2  # there and, from the second derivatives, back; the first ones are the Python cell's


@EACH
def test_transforms_and_forward_mode_take_the_python_cell(name: str, passes: list[Level]) -> None:
    net, python = net_of(name), net_of(name, "reference")
    x, tangent = draw(B, T, I), draw(B, T, I, seed=2)

    def loss(one: Tensor, by: Any = net) -> Any:
        return by(one)[0].square().sum()

    rows = draw(2, B, T, I)
    agree(torch.func.vmap(lambda one: net(one)[0])(rows), torch.stack([python(one)[0] for one in rows]), 1e-6)
    agree(torch.func.grad(loss)(x), torch.func.grad(loss)(x, python), 0)
    agree(torch.func.jvp(loss, (x,), (tangent,)), torch.func.jvp(lambda one: loss(one, python), (x,), (tangent,)), 0)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, tangent)
        (ours, expected) = (forward_ad.unpack_dual(by(dual)[0]).tangent for by in (net, python))
        assert ours is not None
        agree(ours, expected, 0)
    assert passes == []


@EACH
def test_weights_of_the_moment_by_functional_call(name: str, passes: list[Level]) -> None:
    net = net_of(name)
    others = {key: (value.detach() * 0.5).requires_grad_() for key, value in net.named_parameters()}
    x, found = draw(B, T, I), []
    for kernel in ("native", "reference"):
        net.kernel = kernel
        outputs, _ = torch.func.functional_call(net, others, (x, LENGTHS))
        found.append(results(outputs, None, others))
    near(*found)
    assert len(passes) == 2


@EACH
def test_the_backward_pass_may_come_twice(name: str, passes: list[Level]) -> None:
    net, x = net_of(name), draw(B, T, I).requires_grad_()
    loss = net(x, LENGTHS)[0].square().sum()
    leaves = [x, *net.parameters()]
    first = torch.autograd.grad(loss, leaves, retain_graph=True)
    again = torch.autograd.grad(loss, leaves)
    assert all(map(torch.equal, first, again))
    with pytest.raises(RuntimeError, match="second time"):
        torch.autograd.grad(loss, leaves)


@EACH
def test_a_graph_in_pieces_by_checkpoint(name: str, passes: list[Level]) -> None:
    net, x = net_of(name), draw(B, T, I).requires_grad_()
    leaves = [x, *net.parameters()]
    whole = torch.autograd.grad(net(x, LENGTHS)[0].square().sum(), leaves)
    pieces = torch.autograd.grad(
        checkpoint(lambda one: net(one, LENGTHS)[0], x, use_reentrant=False).square().sum(), leaves
    )
    assert all(map(torch.equal, whole, pieces))
    assert len(passes) == 5


@pytest.mark.parametrize("used", ["outputs", "h", "c", "nothing of the steps"])
@EACH
def test_a_loss_of_a_part(name: str, used: str, passes: list[Level]) -> None:
    """Only the outputs, only a last state, or only what a row's padding is."""
    if used == "c" and name != "lstm":
        pytest.skip("no memory beside h")
    found = []
    for kernel in ("native", "reference"):
        net, x = net_of(name, kernel), draw(B, T, I).requires_grad_()
        outputs, last = net(x, LENGTHS, return_state=True)
        parts = {"outputs": outputs, "nothing of the steps": outputs[0, 3:], **last._asdict()}
        found.append(results(parts[used], None, {"x": x} | parameters(net)))
    near(*found)
    assert len(passes) == 2


@pytest.mark.parametrize("frozen", [("weight_ih",), ("weight_hh", "bias_ih"), ("weight_ih", "weight_hh")], ids=str)
@EACH
def test_frozen_weights_and_inputs(name: str, frozen: tuple[str, ...], passes: list[Level]) -> None:
    """What asks for no gradient gets none; the others' are what they are."""
    full, part = net_of(name), net_of(name)
    for key in frozen:
        getattr(part.cells[0], key).requires_grad_(False)
    for net in (full, part):
        net(draw(B, T, I), LENGTHS)[0].square().sum().backward()
    for (key, whole), left in zip(full.named_parameters(), part.parameters(), strict=True):
        if key.rpartition(".")[2] in frozen:
            assert left.grad is None
        else:
            assert torch.equal(left.grad, whole.grad)


@EACH
def test_only_x_or_only_a_state_asks_for_a_gradient(name: str, passes: list[Level]) -> None:
    for asked in ("x", "h"):
        found = []
        for kernel in ("native", "reference"):
            net = net_of(name, kernel).requires_grad_(False)
            state = some_state(net, B)
            leaf = draw(B, T, I) if asked == "x" else state.h
            leaf.requires_grad_()
            outputs, last = net(leaf if asked == "x" else draw(B, T, I), LENGTHS, state, return_state=True)
            found.append(results(outputs, last, {asked: leaf}))
        near(*found)


def test_nothing_asks_for_a_gradient(passes: list[Level]) -> None:
    outputs, last = net_of("lstm").requires_grad_(False)(draw(B, T, I), return_state=True)
    assert not outputs.requires_grad
    assert not last.c.requires_grad
    with torch.no_grad():
        assert not net_of("lstm")(draw(B, T, I).requires_grad_())[0].requires_grad


@pytest.mark.parametrize("what", ["a weight", "x", "the outputs"])
@EACH
def test_what_is_changed_before_the_backward_pass_is_told(name: str, what: str, passes: list[Level]) -> None:
    net, x = net_of(name), draw(B, T, I).requires_grad_() + 0
    outputs, _ = net(x, LENGTHS)

    def go_on() -> None:
        changed = {"a weight": net.cells[0].weight_hh, "x": x, "the outputs": outputs}[what]
        (changed.detach() if what == "a weight" else changed).mul_(2)
        outputs.sum().backward()

    with pytest.raises(RuntimeError, match=r"modified by an inplace operation|is being modified inplace"):
        go_on()


def test_hooks_see_the_gradients(passes: list[Level]) -> None:
    net, seen = net_of("lstm"), []
    outputs, _ = net(draw(B, T, I))
    outputs.register_hook(lambda grad: seen.append(grad.shape))
    net.cells[0].weight_hh.register_post_accumulate_grad_hook(lambda weight: seen.append(weight.grad.shape))
    outputs.sum().backward()
    assert seen == [(B, T, H), (4 * H, H)]


def test_gradients_are_added_to_those_that_are_there(passes: list[Level]) -> None:
    net, x = net_of("gru"), draw(B, T, I)
    for _ in range(2):
        net(x)[0].sum().backward()
    twice = [weight.grad.clone() for weight in net.parameters()]
    net.zero_grad()
    net(x)[0].sum().backward()
    assert all(torch.equal(two, 2 * weight.grad) for two, weight in zip(twice, net.parameters(), strict=True))


def test_the_derivative_of_a_derivative_under_autocast(passes: list[Level]) -> None:
    found = []
    for kernel in ("native", "reference"):
        net, x = net_of("lstm", kernel), draw(B, T, I).requires_grad_()
        with torch.autocast("cpu", torch.bfloat16):
            outputs, _ = net(x, LENGTHS)
        (first,) = torch.autograd.grad(outputs.float().square().sum(), x, create_graph=True)
        (second,) = torch.autograd.grad(first.square().sum(), x)
        found.append({"first": first.detach(), "second": second})
    near(*found, relative=0.05)
