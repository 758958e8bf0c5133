"""The contract of every cell that is here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from cell_oracles import EVERY, ONE_WAY, agree, network, noise, other_state, own_output
from shipped import CELLS as SHIPPED
from torch import Tensor

import cells
from cells import _check
from cells._base import Cell
from cells._packing import EqualLengths

pytestmark = pytest.mark.parametrize("name", EVERY)

B, T, I, H = 3, 4, 2, 5  # noqa: E741


def one_cell(name: str) -> tuple[Any, Any]:
    """Return a cell and a state of it, each part (B, …), that is not its first."""
    cell: Any = network(name, I, H).cells[0]
    return cell, other_state(cell.initial_state(B))


@pytest.mark.parametrize("check", _check.CHECKS)
def test_keeps_the_contract(name: str, check: str) -> None:
    try:
        _check.CHECKS[check](cells.load(name))
    except _check.NotPossible as reason:
        pytest.skip(str(reason))


def test_steps_on_projected_inputs_are_a_run(name: str) -> None:
    cell, before = one_cell(name)
    x = noise(T, B, I)
    outputs, state = [], before
    for projected in cell.project(x):
        output, state = cell.step(projected, state)
        outputs.append(output)
    run, after = cell.run(x, EqualLengths(*x.shape[1::-1], backward=False), before, True)
    agree(torch.stack(outputs), run)
    agree(tuple(state), tuple(after))


def test_the_state_is_a_named_tuple(name: str) -> None:
    cell, _ = one_cell(name)
    first = cell.initial_state(B)
    assert isinstance(first, tuple)
    assert hasattr(first, "_fields")
    for place, part in enumerate(first):
        assert part.shape[0] == B
        if name in SHIPPED:  # a cell of one's own may start anywhere
            start = -torch.inf if (name, place) == ("s-lstm", 3) else 0.0  # the stabiliser
            shape = (B, 1, H, 16) if name == "delta-net" else (B, H)
            agree(part, torch.full(shape, start, dtype=torch.float64), within=0)
    for both in (False, True):
        net = network(name, I, H, layers=2, bidirectional=both)
        outputs, last = net(noise(B, T, I), torch.tensor([4, 2, 1]), return_state=True)
        assert outputs.shape == (B, T, net.directions * H)
        assert type(last) is type(first)
        assert [part.shape for part in last] == [(2 * net.directions, *part.shape) for part in first]
        assert net(noise(B, T, I))[1] is None


Rebuild = Callable[[dict[str, Tensor], Any], tuple[Tensor, ...]]
REBUILT: dict[str, Rebuild] = {  # the state after a step from its gates and the state before
    "rnn": lambda g, s: (g["h"],),
    "gru": lambda g, s: ((1 - g["z"]) * g["n"] + g["z"] * s.h,),
    "gru-textbook": lambda g, s: ((1 - g["z"]) * g["n"] + g["z"] * s.h,),
    "lstm": lambda g, s: (g["o"] * torch.tanh(g["f"] * s.c + g["i"] * g["g"]), g["f"] * s.c + g["i"] * g["g"]),
    "tutorial-rnn": lambda g, s: (g["h"],),
}
REBUILT["bilstm"] = REBUILT["lstm"]


def test_gates_are_what_happens_in_a_step(name: str) -> None:
    cell, state = one_cell(name)
    projected = cell.project(noise(B, I))
    gates = cell.gates(projected, state)
    if name in SHIPPED:
        assert gates
        own = {"q": (B, 16), "k": (B, 16), "β": (B, 1)} if name == "delta-net" else {}
        assert {gate: value.shape for gate, value in gates.items()} == dict.fromkeys(gates, (B, H)) | own
    output, after = cell.step(projected, state)
    assert output.shape == (B, H)
    if name in REBUILT:
        agree(REBUILT[name](gates, state), tuple(after))
        agree(gates["o"] if name == "tutorial-rnn" else after.h, output)


def test_parameters_follow_the_seed(name: str) -> None:
    def drawn(seed: int) -> dict[str, Tensor]:
        torch.manual_seed(seed)
        return cells.build(name, I, H, layers=2).to_torch()

    agree(drawn(1), drawn(1), within=0)
    one, other = drawn(1), drawn(2)
    if name in SHIPPED:  # a cell of one's own may start from constants
        assert not any(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize(
    ("lengths", "time", "sentence"),
    [
        ([3, 0, 2], 4, r"^Sample 1 of the batch is an empty sequence\.$"),
        ([0, 0, 0], 4, r"^Sample 0 of the batch is an empty sequence\.$"),
        ([3, 4, 5], 4, r"^Sample 2 of the batch is longer than 4 steps\.$"),
        (None, 0, "is an empty sequence"),
    ],
)
def test_an_impossible_length_names_its_sample(name: str, lengths: list[int] | None, time: int, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        network(name, I, H)(noise(B, time, I), None if lengths is None else torch.tensor(lengths))


@pytest.mark.parametrize(("input_size", "hidden_size"), [(I, 0), (0, H), (I, -1)])
def test_a_size_below_one_is_refused(name: str, input_size: int, hidden_size: int) -> None:
    with pytest.raises(ValueError, match=f"at least 1: they are {input_size} and {hidden_size}"):
        cells.build(name, input_size, hidden_size)


def test_only_a_cell_with_its_own_output_takes_an_output_size(name: str) -> None:
    assert cells.build(name, I, H, output_size=H).output_size == H
    if own_output(name):
        net = network(name, I, H, layers=2, bidirectional=True, output_size=H + 1)
        assert net(noise(B, T, I))[0].shape == (B, T, 2 * (H + 1))
    else:
        with pytest.raises(ValueError, match="output size cannot be chosen"):
            cells.build(name, I, H, output_size=H + 1)


@pytest.mark.parametrize("lengths", [None, torch.tensor([4, 1, 2])], ids=["full", "ragged"])
def test_dropout_acts_between_layers_and_in_training_only(name: str, lengths: Tensor | None) -> None:
    x = noise(B, T, I)
    plain, dropping = (network(name, I, H, layers=2, dropout=share) for share in (0.0, 1.0))
    agree(dropping.eval()(x, lengths)[0], plain(x, lengths)[0], within=0)

    above = network(name, plain.directions * H, H)  # a network of the second layer alone
    for cell, source in zip(above.cells, plain.cells[plain.directions :], strict=True):
        cell.load_state_dict(source.state_dict())
    nothing = x.new_zeros(B, T, plain.directions * H)
    agree(dropping.train()(x, lengths)[0], above(nothing, lengths)[0])

    one_layer = network(name, I, H, dropout=1.0)
    agree(one_layer.train()(x, lengths)[0], network(name, I, H)(x, lengths)[0], within=0)


def test_reads_both_ways_if_asked_or_if_it_always_does(name: str) -> None:
    always = name not in ONE_WAY
    assert cells.build(name, I, H).directions == 1 + always
    assert cells.build(name, I, H, bidirectional=True).directions == 2
    kind: Any = type(cells.build(name, I, H).cells[0])
    assert issubclass(kind, Cell)
    assert kind.bidirectional == always  # the file's text and the class agree
