"""Passes of elementwise linear cells through their scans: derivatives, NaN, layouts, and what is the Python cell's."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from cell_oracles import agree, network, noise, parameters, some_state
from native_oracles import LINEAR, computed, draw, near, passes, results
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from cells._base import Hidden
from cells._kernels.choice import choose
from cells._kernels.native import library
from cells._kernels.native.library import Level
from cells._kernels.recurrences import elementwise_linear
from cells._linear import Coefficients, ElementwiseLinear
from cells._recurrent import Recurrent
from cells._trace import Trace
from cells.min_gru import MinGRU

__all__ = ["passes"]
LENGTHS = torch.tensor([3, 6, 1, 4])
B, T, I, H = 4, 6, 3, 9  # noqa: E741
CPU, GPU = torch.device("cpu"), torch.device("cuda")
EACH = pytest.mark.parametrize("name", LINEAR)
KERNEL = pytest.mark.parametrize("kernel", ["native", "torch"])


def net_of(name: str, kernel: str = "native", **options: Any) -> Any:
    return network(name, I, H, dtype=torch.float32, kernel=kernel, **options)


@KERNEL
@EACH
def test_second_derivatives(name: str, kernel: str, passes: list[Level]) -> None:
    """By x, the states and all weights, of a loss of outputs and last states."""
    found = []
    for one in (kernel, "reference"):
        net = net_of(name, one)
        state, x = some_state(net, B), draw(B, T, I)
        leaves = {"x": x, **state._asdict(), **parameters(net)}
        for leaf in (x, *state):
            leaf.requires_grad_()
        outputs, last = net(x, LENGTHS, state, return_state=True)
        loss = outputs.square().sum() + sum(part.sin().sum() for part in last)
        first = torch.autograd.grad(loss, list(leaves.values()), create_graph=True)
        second = torch.autograd.grad(sum(part.square().sum() for part in first), list(leaves.values()))
        named = zip([*(f"1 {key}" for key in leaves), *(f"2 {key}" for key in leaves)], [*first, *second], strict=True)
        found.append({key: value.detach() for key, value in named})
    near(*found, relative=3e-5)


@KERNEL
@EACH
def test_transforms_take_the_python_cell(name: str, kernel: str, passes: list[Level]) -> None:
    net, python = net_of(name, kernel), net_of(name, "reference")
    x, rows = draw(B, T, I), draw(2, B, T, I)

    def loss(one: Tensor, by: Any) -> Any:
        return by(one)[0].square().sum()

    agree(torch.func.vmap(lambda one: net(one)[0])(rows), torch.stack([python(one)[0] for one in rows]), 1e-5)
    agree(torch.func.grad(loss)(x, net), torch.func.grad(loss)(x, python), 0)
    tangents = (torch.func.jvp(lambda one, by=by: loss(one, by), (x,), (rows[0],))[1] for by in (net, python))
    agree(*tangents, 0)
    assert passes == []


@EACH
def test_the_backward_pass_may_come_twice_and_in_pieces(name: str, passes: list[Level]) -> None:
    net, x = net_of(name), draw(B, T, I).requires_grad_()
    leaves = [x, *net.parameters()]
    loss = net(x, LENGTHS)[0].square().sum()
    whole, again = (torch.autograd.grad(loss, leaves, retain_graph=keep) for keep in (True, False))
    pieces = checkpoint(lambda one: net(one, LENGTHS)[0], x, use_reentrant=False).square().sum()
    for one in (again, torch.autograd.grad(pieces, leaves)):
        assert all(map(torch.equal, whole, one))
    assert len(passes) == 6


@pytest.mark.parametrize("used", ["outputs", "a last state", "nothing of the steps"])
@KERNEL
@EACH
def test_a_loss_of_a_part(name: str, kernel: str, used: str, passes: list[Level]) -> None:
    found = []
    for one in (kernel, "reference"):
        net, x = net_of(name, one), draw(B, T, I).requires_grad_()
        outputs, last = net(x, LENGTHS, return_state=True)
        part = {"outputs": outputs, "nothing of the steps": outputs[0, 3:], "a last state": last[0]}[used]
        leaves = {"x": x} | parameters(net)
        gradients = torch.autograd.grad((part * draw(*part.shape)).sum(), list(leaves.values()), allow_unused=True)
        given = zip(leaves, gradients, leaves.values(), strict=True)
        found.append({key: leaf.new_zeros(leaf.shape) if one is None else one for key, one, leaf in given})
    near(*found)


@KERNEL
@EACH
def test_what_asks_for_no_gradient_gets_none(name: str, kernel: str, passes: list[Level]) -> None:
    full, part = net_of(name, kernel), net_of(name, kernel)
    frozen = next(iter(dict(part.cells[0].named_parameters())))
    getattr(part.cells[0], frozen).requires_grad_(False)
    for net in (full, part):
        net(draw(B, T, I), LENGTHS)[0].square().sum().backward()
    for (key, whole), left in zip(full.named_parameters(), part.parameters(), strict=True):
        assert left.grad is None if key.endswith(frozen) else torch.equal(left.grad, whole.grad)
    still = net_of(name, kernel).requires_grad_(False)
    state = some_state(still, B)
    outputs, last = still(draw(B, T, I), LENGTHS, state, return_state=True)
    assert not outputs.requires_grad
    found = []
    for net in (still, net_of(name, "reference").requires_grad_(False)):  # only a state asks for one
        start = type(state)(state[0].requires_grad_(), *state[1:])
        outputs, last = net(draw(B, T, I), LENGTHS, start, return_state=True)
        found.append(results(outputs, last, {"state": state[0]}))
    near(*found)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@KERNEL
@EACH
def test_what_is_not_finite_stays_in_its_row(name: str, kernel: str, value: float, passes: list[Level]) -> None:
    """NaN where the Python cell has it; outputs, last states and gradients of the other rows are the same bits."""
    x, spoilt = draw(B, T, I), draw(B, T, I)
    spoilt[1, 2] = value
    found = {}
    for one in (kernel, "reference"):
        net = net_of(name, one)
        for key, given in (("clean", x), ("spoilt", spoilt)):
            leaf = given.clone().requires_grad_()
            outputs, last = net(leaf, LENGTHS, return_state=True)
            found[one, key] = results(outputs, last, {"x": leaf})
    for key, right in found["reference", "spoilt"].items():
        ours = found[kernel, "spoilt"][key]
        assert torch.equal(ours.isfinite(), right.isfinite()), key
        assert value == float("inf") or torch.equal(ours.isnan(), right.isnan()), key
        clean, others = found[kernel, "clean"][key], torch.arange(B) != 1
        rows = (others,) if clean.shape[0] == B else (slice(None), others)
        assert torch.equal(clean[rows], ours[rows]), key
    assert not found[kernel, "spoilt"]["outputs"][1, 2:].isfinite().any()
    assert bool(found[kernel, "spoilt"]["outputs"][1, :2].isfinite().all())


@KERNEL
@EACH
def test_padding_does_not_matter(name: str, kernel: str, passes: list[Level]) -> None:
    net = net_of(name, kernel, layers=2, bidirectional=True)
    x, spoilt = draw(B, T, I), draw(B, T, I)
    for row, length in enumerate(LENGTHS):
        spoilt[row, length:] = float("nan")
    clean, dirty = (computed(net, one, LENGTHS, some_state(net, B)) for one in (x, spoilt))
    assert [key for key, one in clean.items() if not torch.equal(one, dirty[key])] == []


@EACH
def test_inputs_states_and_gradients_in_any_layout(name: str, passes: list[Level]) -> None:
    net = net_of(name)
    wide, state = draw(B, T, 2 * I), some_state(net, B)
    turned = type(state)(*(part.transpose(1, 2).contiguous().transpose(1, 2) for part in state))
    other = draw(T, B, I).transpose(0, 1), draw(1, T, I).expand(B, T, I), torch._neg_view(wide[..., :I])
    for x in (wide[..., ::2], *other):
        near(computed(net, x, LENGTHS, turned), computed(net, x.clone().contiguous(), LENGTHS, state), 1e-6)
    for given in (torch.ones(1, 1, 1).expand(B, T, H), torch.ones(H, T, B).permute(2, 1, 0)):
        x = draw(B, T, I).requires_grad_()
        found = torch.autograd.grad(net(x, LENGTHS)[0], [x, *net.parameters()], given)
        right = torch.autograd.grad(net(x, LENGTHS)[0], [x, *net.parameters()], torch.ones(B, T, H))
        agree(found, right, 1e-5)


@pytest.mark.parametrize("wrong", ["features", "rows of the state", "units of the state"])
@EACH
def test_what_does_not_fit_is_refused_as_by_the_python_cell(name: str, wrong: str, passes: list[Level]) -> None:
    said = []
    for kernel in ("native", "reference"):
        net = net_of(name, kernel)
        state, x = some_state(net, B), draw(B, T, I - (wrong == "features"))
        if wrong == "rows of the state":
            state = type(state)(*(part[:, :2] for part in state))
        elif wrong == "units of the state":
            state = type(state)(*(part[..., :-1] for part in state))
        with pytest.raises((RuntimeError, IndexError)) as caught:
            net(x, LENGTHS, state)
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert passes == []


class Leaky(ElementwiseLinear[Hidden]):
    """A cell of one's own: one decay for all units, a start that is learned."""

    def make_parameters(self) -> None:
        super().make_parameters()
        self.speed = nn.Parameter(torch.zeros(1))
        self.start = nn.Parameter(torch.ones(self.hidden_size))

    def initial_state(self, batch: int) -> Hidden:
        return Hidden(self.start.expand(batch, -1))

    def coefficients(self, projected: Tensor) -> Coefficients:
        return Coefficients(self.speed.sigmoid(), projected)


class OneDecay(Leaky):
    """A decay of each sequence and step that all units share."""

    def coefficients(self, projected: Tensor) -> Coefficients:
        return Coefficients(self.speed * projected[..., :1].sigmoid(), projected)


@pytest.mark.parametrize("kind", [Leaky, OneDecay])
@KERNEL
def test_a_cell_of_ones_own(kind: type[Leaky], kernel: str, passes: list[Level]) -> None:
    torch.manual_seed(0)
    net = Recurrent(kind, I, H, layers=2, bidirectional=True, kernel=kernel)
    python = copy.deepcopy(net)
    python.kernel = "reference"
    near(*(computed(one, draw(B, T, I), LENGTHS, None) for one in (net, python)))
    assert len(passes) == (8 if kernel == "native" else 0)


class Halved(MinGRU):
    """Another step with the same parameters."""

    def step(self, projected: Tensor, state: Hidden) -> tuple[Tensor, Hidden]:
        h, after = super().step(projected, state)
        return h / 2, after


def test_a_step_of_its_own_is_computed_by_its_loop(passes: list[Level]) -> None:
    assert not elementwise_linear(Halved(I, H))
    assert elementwise_linear(MinGRU(I, H))
    changed: Any = MinGRU(I, H)
    changed.step = lambda projected, state: (projected, state)
    assert not elementwise_linear(changed)
    assert choose(Halved(I, H), "auto", CPU).kernel == "reference"


def test_the_choice(monkeypatch: pytest.MonkeyPatch, passes: list[Level]) -> None:
    cell = MinGRU(I, H)
    found = {wanted: choose(cell, wanted, CPU)[:2] for wanted in ("auto", "native", "torch", "reference")}
    assert found == {
        "auto": ("native", ""),
        "native": ("native", ""),
        "torch": ("torch", ""),
        "reference": ("reference", ""),
    }
    monkeypatch.setattr(library, "_found", lambda: "no C compiler was found")
    assert choose(cell, "auto", CPU)[:2] == ("torch", "no C compiler was found")
    assert choose(cell, "native", CPU)[:2] == ("reference", "no C compiler was found")
    assert choose(cell, "auto", GPU)[:2] == ("torch", "there is no active CUDA driver")


def test_a_trace_goes_step_by_step(passes: list[Level]) -> None:
    net, x = net_of("lru"), draw(B, T, I)
    right = net(x, LENGTHS)[0]
    with net.traced(Trace()) as trace:
        outputs, _ = net(x, LENGTHS)
    torch.testing.assert_close(outputs, right)
    states = trace.passes[0][0].states
    assert [len(state.re) for state in states] == [4, 3, 3, 2, 1, 1]
    assert len(passes) == 1


def test_one_step_is_the_python_cell_s() -> None:
    """As in generation; beside a state that comes in."""
    net = net_of("lru", "auto")
    state = some_state(net, B)
    x = noise(B, 1, I, dtype=torch.float32)
    python = net_of("lru", "reference")
    assert torch.equal(net(x, None, state)[0], python(x, None, state)[0])
