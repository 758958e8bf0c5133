"""The gradient through time: against an explicit loop in float64, against finite differences, and its effects."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from engine.toy_runs import only, toy, trained
from torch import nn

import cells
import tasks
from cells._base import Cell
from cells._recurrent import Recurrent
from cells._trace import Trace
from workbench.config import spec
from workbench.engine import data, network
from workbench.engine.probe import MOST_DISTANCES, GradientProbe, _distances, _norms, by_distance
from workbench.runs.events import Alarm, Eval, Finished, Probe, decode, encode
from workbench.runs.probes import bound, half_life, reach

LENGTHS = (5, 3, 4)
B, T, I, H = len(LENGTHS), max(LENGTHS), 3, 4  # noqa: E741


class Last(nn.Module):
    """Recurrence and a linear layer on the sum of every direction's last output; its loss is per sequence."""

    def __init__(self, recurrent: Recurrent) -> None:
        super().__init__()
        self.recurrent = recurrent
        self.head = nn.Linear(recurrent.directions * recurrent.output_size, 1)


class Sequences(tasks.load("toy")):  # type: ignore[misc]
    """Invented sequences of unequal lengths whose loss is read off the last output of each direction."""

    def __init__(self, x: torch.Tensor) -> None:
        self.x = x

    def batches(self, data: Any, split: str, size: int, generator: Any) -> list[torch.Tensor]:
        return [torch.arange(B)]

    def losses(self, model: Last, x: torch.Tensor) -> torch.Tensor:
        lengths = torch.tensor(LENGTHS)
        outputs, _ = model.recurrent(x, lengths)
        last = outputs[torch.arange(B), lengths - 1]
        if model.recurrent.directions == 2:
            width = model.recurrent.output_size
            last = torch.cat([last[:, :width], outputs[:, 0, width:]], 1)
        return model.head(last)[:, 0].square()

    def loss(self, model: Last, data: Any, rows: torch.Tensor) -> torch.Tensor:
        return self.losses(model, self.x).mean()


def probed(cell: str, **options: Any) -> tuple[Probe, Last, Sequences]:
    torch.manual_seed(0)
    model = Last(cells.build(cell, I, H, **options)).double().eval()
    task = Sequences(torch.randn(B, T, I, dtype=torch.float64))
    found = GradientProbe(task, None, 32, 0).measure(model, 7)  # type: ignore[arg-type]
    assert found is not None
    return found, model, task


@pytest.mark.parametrize("cell", ["rnn", "gru", "gru-textbook", "lstm", "torch-rnn", "torch-gru", "torch-lstm"])
def test_norms_are_those_of_an_explicit_loop(cell: str) -> None:
    found, model, task = probed(cell)
    one: Any = model.recurrent.cells[0]
    expected: dict[int, list[float]] = {}
    for row, length in enumerate(LENGTHS):
        state = one.initial_state(1)
        states = []
        for step in range(length):
            state = type(state)(*(part.clone() for part in state))
            _, state = one.step(one.project(task.x[row : row + 1, step]), state)
            states.append(state.h)
        loss = model.head(states[-1])[:, 0].square().sum()
        for step, gradient in enumerate(torch.autograd.grad(loss, states)):
            expected.setdefault(length - 1 - step, []).append(float(gradient.norm()))
    assert found.examples == B
    assert found.distances == [*range(T)]
    assert found.counts == [3, 3, 3, 2, 1]
    measured = found.cells[0].norms["h"]
    for distance, values in expected.items():
        assert measured[distance] == pytest.approx(sum(values) / len(values), rel=1e-3)


@pytest.mark.parametrize(("cell", "part"), [("rnn", "h"), ("lstm", "h"), ("lstm", "c"), ("gru", "h")])
def test_norms_are_those_of_finite_differences(cell: str, part: str) -> None:
    found, model, task = probed(cell)
    rows = ((0, 5), (2, 4))  # the sequences that have a step at distance 3, and their lengths
    norms = [_finite_difference(model, task.x[row : row + 1, :length], length - 1 - 3, part) for row, length in rows]
    assert found.cells[0].norms[part][3] == pytest.approx(sum(norms) / 2, rel=1e-3)


def _finite_difference(model: Last, x: torch.Tensor, step: int, part: str, h: float = 1e-6) -> float:
    """Return ‖∂L/∂s_k‖ by nudging each unit of one part of the state after a step either way."""
    one: Any = model.recurrent.cells[0]

    def loss(unit: int, by: float) -> float:
        state = one.initial_state(1)
        for at in range(x.shape[1]):
            output, state = one.step(one.project(x[:, at]), state)
            if at == step:
                nudged = getattr(state, part).clone()
                nudged[0, unit] += by
                shown = {"h": state.h * nudged.tanh() / state.c.tanh()} if part == "c" else {}  # h = o ⊙ tanh(c)
                state = state._replace(**{part: nudged, **shown})
        return float(model.head(output)[0, 0].square())

    with torch.no_grad():
        slopes = [(loss(unit, h) - loss(unit, -h)) / (2 * h) for unit in range(H)]
    return math.hypot(*slopes)


class Scalar(NamedTuple):
    """State of a cell with one number a sequence besides h, and one that nothing reads."""

    h: torch.Tensor  # (B,H)
    level: torch.Tensor  # (B,)
    unread: torch.Tensor  # (B,H)


class Leveled(Cell[Scalar]):
    """A state whose parts have other shapes than (B,H)."""

    sigmoid_gates = ("g",)

    def initial_state(self, batch: int) -> Scalar:
        zeros = self.weight_hh.new_zeros(batch, self.hidden_size)
        return Scalar(zeros, zeros[:, 0], zeros)

    def gates(self, projected: torch.Tensor, state: Scalar) -> dict[str, torch.Tensor]:
        return {"g": torch.addmm(projected, state.h, self.weight_hh.t()).mean(1).sigmoid()}  # (B,)

    def step(self, projected: torch.Tensor, state: Scalar) -> tuple[torch.Tensor, Scalar]:
        level = state.level + self.gates(projected, state)["g"]
        h = torch.addmm(projected, state.h, self.weight_hh.t()).tanh() * level[:, None]
        return h, Scalar(h, level, h * 2)


def measured(model: Last) -> Probe:
    x = torch.randn(B, T, I, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = GradientProbe(Sequences(x), None, 32, 0).measure(model.double().eval(), 7)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_parts_of_any_shape_are_measured_and_one_that_nothing_reads_is_zero() -> None:
    torch.manual_seed(0)
    (cell,) = measured(Last(Recurrent(Leveled, I, H))).cells
    assert all(cell.norms["h"])
    assert all(cell.norms["level"])
    assert cell.norms["unread"] == [0.0] * T
    assert 0 < cell.gates["g"].mean < 1


def test_a_gate_that_is_no_number_is_left_out_and_the_event_can_be_read() -> None:
    model = Last(cells.build("lstm", I, H))
    torch.nn.init.constant_(model.recurrent.cells[0].weight_hh, math.nan)
    found = measured(model)
    assert found.cells[0].gates == {}
    assert decode(encode(found)) == found


def test_the_backward_direction_is_measured_from_the_start_of_the_text() -> None:
    found, model, task = probed("gru", bidirectional=True)
    expected: dict[int, list[float]] = {}
    for row, length in enumerate(LENGTHS):
        x = task.x[row : row + 1, :length]
        ends, states = [], []
        for cell, read in zip(model.recurrent.cells, (x, x.flip(1)), strict=True):
            state, states = cell.initial_state(1), []
            for step in range(length):
                _, state = cell.step(cell.project(read[:, step]), state)
                states.append(state.h)
            ends.append(state.h)
        loss = model.head(torch.cat(ends, 1))[:, 0].square().sum()
        for step, gradient in enumerate(torch.autograd.grad(loss, states)):  # of the backward one
            expected.setdefault(length - 1 - step, []).append(float(gradient.norm()))
    assert found.cells[1].direction == 1
    for distance, values in expected.items():
        assert found.cells[1].norms["h"][distance] == pytest.approx(sum(values) / len(values), rel=1e-3)


def test_both_directions_and_layers_are_measured_each_from_its_own_end() -> None:
    found, _, _ = probed("lstm", layers=2, bidirectional=True)
    assert [(cell.layer, cell.direction) for cell in found.cells] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert all(set(cell.norms) == {"h", "c"} and len(cell.norms["h"]) == T for cell in found.cells)
    assert all(norm for cell in found.cells for norms in cell.norms.values() for norm in norms)
    assert found.cells[3].name == "layer 2 backward"


def test_a_probe_touches_no_gradient_and_draws_no_number(runs_folder: Path) -> None:
    run = toy(runs_folder, {}, cell="lstm")
    task, examples = data.load(run.spec, None)
    model = network.build(run.spec, task).eval()
    before = torch.get_rng_state()
    assert GradientProbe(task, examples, 16, 0).measure(model, 0)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_run_with_a_probe_has_the_weights_of_one_without(runs_folder: Path) -> None:
    runs = [toy(runs_folder, {"train.probe": count}, cell="lstm") for count in (0, 16)]
    events = [trained(run) for run in runs]
    assert [len(only(Probe, each)) for each in events] == [0, len(only(Eval, events[1]))]
    weights = [torch.load(run.last_file, weights_only=True)["model"] for run in runs]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_probe_that_fails_is_told_once_and_the_training_goes_on(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Any, model: Any, data: Any, rows: Any) -> torch.Tensor:
        raise ValueError("no loss of that kind")

    monkeypatch.setattr(tasks.load("toy"), "probe_loss", fails)
    events = trained(toy(runs_folder, {"train.epochs": 3}))
    told = [event.message for event in only(Alarm, events) if "gradient through time" in event.message]
    assert told == [
        "The gradient through time could not be measured (no loss of that kind): the traceback is in the log."
    ]
    assert isinstance(events[-1], Finished)


def test_a_traced_pass_gives_the_outputs_of_an_untraced_one() -> None:
    for name in cells.available():
        net = cells.build(name, I, H, layers=2, bidirectional=True).eval()
        x, lengths = torch.randn(B, T, I), torch.tensor(LENGTHS)
        expected, last = net(x, lengths, return_state=True)
        with net.traced(Trace()) as trace:
            outputs, state = net(x, lengths, return_state=True)
        torch.testing.assert_close(outputs, expected)
        torch.testing.assert_close(tuple(state), tuple(last))
        assert len(trace.passes) == 1
        assert [len(cell.states) for cell in trace.passes[0]] == [T] * 4
        assert net._trace is None


def test_by_distance_averages_over_the_sequences_that_are_so_long() -> None:
    norms = [torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]), torch.tensor([5.0])]  # lengths 3 and 2
    assert by_distance(norms).tolist() == [4.5, 2.5, 1.0]


def test_a_gradient_that_float32_still_holds_is_no_zero() -> None:
    small = torch.tensor([[3e-25, 4e-25]])
    assert float(_norms(small, small)) == pytest.approx(5e-25, rel=1e-5)
    assert float(_norms(None, small)) == 0


def test_many_distances_are_thinned_with_both_ends_kept() -> None:
    assert _distances(3) == [0, 1, 2]
    few = _distances(10_000)
    assert len(few) == MOST_DISTANCES
    assert (few[0], few[-1]) == (0, 9_999)


def test_spectrum_and_bound_of_a_plain_network() -> None:
    found, model, _ = probed("rnn")
    matrix = model.recurrent.cells[0].weight_hh.detach()
    cell = found.cells[0]
    assert cell.spectral_radius == pytest.approx(float(torch.linalg.eigvals(matrix).abs().max()), rel=1e-5)
    assert cell.spectral_norm == pytest.approx(float(torch.linalg.svdvals(matrix)[0]), rel=1e-5)
    first = cell.norms["h"][0]
    limits = bound(first, cell.spectral_norm, found.distances)
    lengths = zip(cell.norms["h"], limits, strict=True)
    assert [limit for _, limit in lengths][2] == pytest.approx(first * cell.spectral_norm**2)
    assert found.cells[0].half_life is None


def test_half_life_and_reach() -> None:
    assert half_life(0.5) == 1
    assert half_life(0.99) == pytest.approx(68.97, abs=0.01)
    assert half_life(1.0) == math.inf
    assert half_life(0.0) == 0
    assert reach([1.0, 0.1, 0.01, 0.001, 0.0001], range(5)) == 3
    assert reach([0.0, 1.0, 1e-4], range(3)) == 1  # an output that looks at the state before its step
    assert reach([None, 0.0], range(2)) == 0


@pytest.mark.parametrize("cell", cells.available())
def test_every_cell_of_the_toy_is_probed(cell: str, runs_folder: Path) -> None:
    assert only(Probe, trained(toy(runs_folder, {"train.epochs": 1}, cell=cell)))
    assert spec.make("toy", cell, {}).train.probe == 32
