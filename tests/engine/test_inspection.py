"""Inspection of a network: against its parts computed one by one, against finite differences, on every task."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from engine.inspected import SMALL, Untrained, untrained
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tasks.base import Reading
from workbench.engine import inspection
from workbench.engine.inspection import find_recurrent, inspect, measure_contributions, row_at, rows_of, trace
from workbench.runs.inspections import Grid, pearson

TEXTS = {
    "names": "Dostoevsky",
    "imdb": "a film that was not good at all , I hated it .",
    "reviews": "这本书很好，我非常喜欢。",
    "poems": "溪声穿竹冷，月色到门深。",
}
CAUSAL = {"chars", "poems"}


def reading_of(one: Untrained, text: str = "", row: int = 0) -> Reading:
    with torch.no_grad():
        if text:
            return one.task.reading(one.model, text)
        return one.task.reading_of_row(one.model, one.examples, row_at(one.task, one.examples, "test", row))


def final(one: Untrained, reading: Reading, inputs: Tensor | None = None) -> Tensor:
    """Return the answer after the whole sequence (A,), log probabilities or a forecast."""
    inputs = reading.inputs if inputs is None else inputs
    with torch.no_grad():
        outputs, _ = find_recurrent(one.model)(inputs)
        numbers = reading.readout(inputs, outputs, torch.tensor([len(reading.symbols)])).float()
    return numbers[0] if reading.unit else numbers.log_softmax(1)[0]


@pytest.mark.parametrize("task", SMALL)
@pytest.mark.parametrize("options", [{}, {"cell__layers": 2, "cell__bidirectional": True}], ids=["plain", "both ways"])
def test_every_step_of_a_row_is_there(task: str, options: dict[str, Any]) -> None:
    if task in CAUSAL and options:
        pytest.skip("it writes from left to right")
    one = untrained(task, **options)
    reading = reading_of(one)
    found = inspect(one.model, reading)
    time = len(reading.symbols)
    assert found.symbols == list(reading.symbols)
    assert len(found.cells) == (4 if options else 1)
    for cell in found.cells:
        assert set(cell.grids()) == {
            *("gate i", "gate f", "gate g", "gate o", "state h", "state c", "kept", "written"),
        }
        assert all((grid.rows, grid.columns) == (time, 6) for grid in cell.grids().values())
        kept, written, memory = (np.array(grid.lists()) for grid in (*cell.updates.values(), cell.states["c"]))
        np.testing.assert_allclose(kept + written, memory, atol=1e-6)
    assert len(found.contributions.occlusion) == len(found.contributions.gradient_input) == time
    last = final(one, reading)
    if reading.unit:
        assert found.forecast.row(time - 1) == pytest.approx(last.tolist(), rel=1e-4, abs=1e-4)
    else:
        name, probability = found.answers[-1].best[0]
        assert name == reading.answers[int(last.argmax())]
        assert probability == pytest.approx(math.exp(float(last.max())), rel=1e-4)


@pytest.mark.parametrize("task", ["names", "imdb", "poems"])
@pytest.mark.parametrize("pooling", ["", "max-mean", "attention"])
@pytest.mark.parametrize("both", [False, True])
def test_the_answer_after_a_step_is_that_to_the_beginning_up_to_it(task: str, pooling: str, both: bool) -> None:
    if (pooling and task != "imdb") or (both and task in CAUSAL):
        pytest.skip("the task has no such setting")
    options = {**({"task__pooling": pooling} if pooling else {}), **({"cell__bidirectional": True} if both else {})}
    one = untrained(task, **options)
    whole = reading_of(one, TEXTS[task])
    found = inspect(one.model, whole, contributions=False)
    assert found.contributions is None
    for length in (1, 3, len(whole.symbols)):
        beginning = whole._replace(symbols=whole.symbols[:length], inputs=whole.inputs[:, :length], expected=())
        alone = final(one, beginning)
        shares = dict(found.answers[length - 1].best)
        for name, share in shares.items():
            assert share == pytest.approx(math.exp(float(alone[whole.answers.index(name)])), rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("task", ["names", "imdb", "poems", "climate"])
@pytest.mark.parametrize("both", [False, True])
def test_occlusion_is_the_fall_where_a_step_is_zero(task: str, both: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if both and task in CAUSAL:
        pytest.skip("it writes from left to right")
    monkeypatch.setattr(inspection, "_NEAR", 3)  # several groups of starts in a short text
    one = untrained(task, **({"cell__bidirectional": True} if both else {}), cell__layers=2)
    reading = reading_of(one, TEXTS.get(task, ""))
    recurrent = find_recurrent(one.model)
    found = measure_contributions(recurrent, reading, trace(recurrent, reading))
    before = final(one, reading)
    target = before.mean() if reading.unit else before.max()
    for step in range(0, len(reading.symbols), 5):
        blanked = reading.inputs.clone()
        blanked[0, step] = 0
        after = final(one, reading, blanked)
        number = after.mean() if reading.unit else after[before.argmax()]
        assert found.occlusion[step] == pytest.approx(float(target - number), abs=2e-5)


def test_steps_of_a_long_sequence_are_blanked_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "_MOST_BLANKED", 4)
    one = untrained("names")
    reading = reading_of(one, "Dostoevsky")  # 10 steps, 3 at a time
    recurrent = find_recurrent(one.model)
    found = measure_contributions(recurrent, reading, trace(recurrent, reading))
    assert found.together == 3
    blanked = reading.inputs.clone()
    blanked[0, 3:6] = 0
    before = final(one, reading)
    fall = float(before.max() - final(one, reading, blanked)[before.argmax()])
    assert found.occlusion[3:6] == pytest.approx([fall] * 3, abs=1e-5)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm", "torch-lstm"])
def test_gradient_times_input_is_that_of_finite_differences(cell: str) -> None:
    one = untrained("names", cell)
    one.model.double()
    reading = reading_of(one, "Ada")
    reading = reading._replace(
        readout=lambda inputs, outputs, lengths: one.model.readout(outputs, lengths), inputs=reading.inputs.double()
    )
    recurrent = find_recurrent(one.model)
    found = measure_contributions(recurrent, reading, trace(recurrent, reading), "Greek")
    assert found.target == "Greek"

    def number(inputs: Tensor) -> float:
        with torch.no_grad():
            outputs, _ = recurrent(inputs)
            scores = one.model.readout(outputs, torch.tensor([3]))
        return float(scores.log_softmax(1)[0, reading.answers.index("Greek")])

    for step in range(3):
        nudge = 1e-6
        up, down = reading.inputs.clone(), reading.inputs.clone()
        up[0, step] *= 1 + nudge  # along the input itself: the slope is gradient × input, summed up
        down[0, step] *= 1 - nudge
        slope = (number(up) - number(down)) / (2 * nudge)
        assert found.gradient_input[step] == pytest.approx(slope, rel=1e-3, abs=1e-7)


def test_gates_are_those_of_the_equations() -> None:
    one = untrained("names")
    reading = reading_of(one, "Ada")
    found = inspect(one.model, reading, contributions=False).cells[0]
    cell: Any = find_recurrent(one.model).cells[0]
    h = c = torch.zeros(6)
    for step in range(3):
        sums = cell.weight_ih @ reading.inputs[0, step] + cell.bias_ih + cell.weight_hh @ h + cell.bias_hh
        i, f, g, o = sums.chunk(4)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        c = f * c + i * g
        h = o * c.tanh()
        expected = {"gate i": i, "gate f": f, "gate g": g, "gate o": o, "state c": c, "state h": h}
        for name, value in expected.items():
            assert found.grids()[name].row(step) == pytest.approx(value.tolist(), abs=1e-6), name


def test_a_backward_direction_stands_in_the_order_of_the_text() -> None:
    one = untrained("names", cell__bidirectional=True)
    reading = reading_of(one, "Ada")
    backward = inspect(one.model, reading, contributions=False).cells[1]
    cell: Any = find_recurrent(one.model).cells[1]
    state = cell.initial_state(1)
    for step in (2, 1, 0):
        with torch.no_grad():
            _, state = cell.step(cell.project(reading.inputs[:, step]), state)
        assert backward.states["h"].row(step) == pytest.approx(state.h[0].tolist(), abs=1e-6)


def test_a_cell_without_gates_shows_its_states() -> None:
    one = untrained("names", "torch-lstm")
    cell = inspect(one.model, reading_of(one, "Ada")).cells[0]
    assert not cell.gates
    assert not cell.updates
    assert set(cell.states) == {"h", "c"}


def test_what_cannot_be_inspected_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    one = untrained("names")
    reading = reading_of(one, "Ada")
    with pytest.raises(ValueError, match="does not answer 'Klingon': name one of Arabic, Chinese"):
        inspect(one.model, reading, target="Klingon")
    with pytest.raises(ValueError, match="has no recurrence"):
        inspect(torch.nn.Linear(1, 1), reading)
    monkeypatch.setattr(inspection, "LONGEST", 2)
    with pytest.raises(ValueError, match="3 steps, and at most 2 can be inspected"):
        inspect(one.model, reading)
    rows = rows_of(one.task, one.examples, "test")
    assert rows == sorted(set(rows))
    with pytest.raises(ValueError, match=f"give a number from 1 to {len(rows)}"):
        row_at(one.task, one.examples, "test", len(rows))
    forecast = untrained("climate")
    count = len(rows_of(forecast.task, forecast.examples, "test"))
    with pytest.raises(ValueError, match=f"from 1 to {count:,}, of a window from 0 to {count - 1:,}\\.$"):
        row_at(forecast.task, forecast.examples, "test", count)


def test_answers_that_are_no_numbers_are_told_in_a_sentence() -> None:
    one = untrained("names")
    for weight in one.model.parameters():
        torch.nn.init.constant_(weight, math.nan)
    with pytest.raises(ValueError, match="answers are no numbers"):
        inspect(one.model, one.task.reading(one.model, "Kim"))


def test_a_known_row_has_its_right_answer_and_traits() -> None:
    one = untrained("names")
    row = rows_of(one.task, one.examples, "test")[0]
    reading = one.task.reading_of_row(one.model, one.examples, row)
    label = one.task.labels[int(one.examples.labels[row])]
    assert reading.expected[-1] == label
    assert reading.traits[f"language {label}"][-1] == 1
    found = inspect(one.model, reading)
    assert found.answers[-1].expected == label
    assert 0 < found.answers[-1].probability < 1
    assert found.traits[f"language {label}"][:-1] == [None] * (len(found.symbols) - 1)


def test_traits_of_a_poem() -> None:
    one = untrained("poems")
    reading = reading_of(one, "溪声穿竹冷，月色")
    assert list(reading.symbols[2:]) == list("溪声穿竹冷，月色")
    assert reading.traits["end of a line"][6:8] == [1.0, 0.0]  # 冷 ends a line, ， does not
    known = [value for value in reading.traits["oblique tone"] if not math.isnan(value)]
    assert set(known) <= {0.0, 1.0}


@given(
    st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=2, max_size=30).filter(
        lambda pairs: all(np.std(column) > 1e-3 for column in zip(*pairs, strict=True))
    )
)
def test_pearson_is_numpys(pairs: list[tuple[float, float]]) -> None:
    xs, ys = zip(*pairs, strict=True)
    assert pearson(xs, ys) == pytest.approx(np.corrcoef(xs, ys)[0, 1], abs=1e-6)


def test_pearson_of_what_does_not_vary_is_none() -> None:
    assert pearson([1, 1, 1], [1, 2, 3]) is None
    assert pearson([1], [2]) is None


def test_a_grid_gives_rows_and_columns() -> None:
    grid = inspection.grid(torch.arange(6.0).view(3, 2))
    assert grid.row(1) == [2, 3]
    assert grid.column(1) == [1, 3, 5]
    assert grid.lists() == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(ValueError, match="holds 3 bytes"):
        Grid(1, 1, b"abc")
