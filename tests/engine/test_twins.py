"""Networks around a twin of their cell: the same weights, the same outputs."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import cells
from workbench.config import spec
from workbench.config.spec import RunSpec, SpecError
from workbench.engine import data, network, twins

PAIRS = [("lstm", "torch-lstm"), ("gru", "torch-gru"), ("rnn", "torch-rnn")]


def made(cell: str, **values: Any) -> tuple[RunSpec, Any, Any, Any]:
    """A description of the toy, its task, data and network."""
    described = spec.make("toy", cell, {key.replace("__", "."): value for key, value in values.items()})
    task, examples = data.load(described)
    torch.manual_seed(3)
    return described, task, examples, network.build(described, task)


@pytest.mark.parametrize("both", [False, True], ids=["one-way", "both-ways"])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize(("one", "other"), [*PAIRS, *(pair[::-1] for pair in PAIRS)])
def test_twins_answer_alike(one: str, other: str, layers: int, both: bool) -> None:
    described, task, examples, model = made(one, cell__layers=layers, cell__bidirectional=both)
    twin = twins.with_cell(described, task, model, other)
    assert type(twin.recurrent.cells[0]) is cells.load(other)
    for name, tensor in model.recurrent.to_torch().items():
        assert torch.equal(tensor, twin.recurrent.to_torch()[name]), name
    assert torch.equal(model.head.weight, twin.head.weight)
    assert twins.parity(model, twin, lambda net: task.loss(net, examples, torch.arange(40))) < 1e-5


def test_a_twin_has_weights_of_its_own() -> None:
    described, task, examples, model = made("gru")
    twin = twins.with_cell(described, task, model, "torch-gru")
    with torch.no_grad():
        for name, tensor in twin.recurrent.to_torch().items():
            if name == "weight_hh_l0":
                tensor += 0.25
    rows = torch.arange(40)
    difference = twins.parity(model, twin, lambda net: task.loss(net, examples, rows))
    codes, lengths = examples.codes[rows], examples.lengths[rows]
    with torch.no_grad():
        outputs = [net.recurrent(net.input(codes), lengths)[0] for net in (model, twin)]
        scores = [net.eval()(codes, lengths) for net in (model, twin)]
    apart = max(float((one - other).abs().max()) for one, other in (outputs, scores))
    assert difference == pytest.approx(apart)
    assert difference > 1e-2


def test_mode_frozen_parts_and_generators_stay() -> None:
    described, task, examples, model = made("lstm")
    model.head.bias.requires_grad_(False)
    model.eval()
    before = torch.get_rng_state()
    twin = twins.with_cell(described, task, model, "torch-lstm")
    assert not twin.training
    assert not twin.head.bias.requires_grad
    assert twin.head.weight.requires_grad
    twins.parity(model.train(), twin, lambda net: task.loss(net, examples, torch.arange(8)))
    assert model.training
    assert torch.equal(before, torch.get_rng_state())


def test_outputs_of_other_shapes_have_no_parity() -> None:
    described, task, examples, model = made("rnn")
    twin = twins.with_cell(described, task, model, "torch-rnn")
    asked = iter([torch.arange(4), torch.arange(5)])
    assert twins.parity(model, twin, lambda net: task.loss(net, examples, next(asked))) == float("inf")


@pytest.mark.parametrize("cell", ["gru", "torch-gru", "bilstm", "lstm", "nothing"])
def test_only_a_twin_takes_the_weights(cell: str) -> None:
    described, task, _, model = made("lstm")
    with pytest.raises(SpecError, match=f"^{cell} is no twin of lstm: "):
        twins.with_cell(described, task, model, cell)
