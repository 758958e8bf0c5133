"""The race: the same start, the same batches, turns by a clock of the test's own."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from engine.toy_runs import toy, trained

from tasks.base import DataError
from workbench.engine import data, racer
from workbench.engine.race import race
from workbench.engine.racer import make_racers
from workbench.interruption import Interrupted
from workbench.races import budget as budgets
from workbench.races.budget import Budget
from workbench.races.events import Begun, Ended, Evaluated, Out, RaceError, Turn
from workbench.races.standings import Race

PAIRS = [("lstm", "torch-lstm"), ("gru", "torch-gru"), ("rnn", "torch-rnn")]


def described(*cells: str, **values: Any) -> list[Any]:
    return budgets.described("toy", ",".join(cells), {key.replace("__", "."): value for key, value in values.items()})


def raced(
    *cells: str,
    steps: int | None = None,
    seconds: float | None = None,
    stop: Callable[[list[Any]], bool] = lambda _: False,
    clock: Callable[[], float] | None = None,
    **values: Any,
) -> tuple[Race, list[Any]]:
    """A whole race of the toy, and its events; ``stop`` is given those so far."""
    state = Race()
    events: list[Any] = []
    spent = budgets.budget("", steps, seconds)
    for event in race(described(*cells, **values), spent, lambda: stop(events), clock=clock):
        state.add(event)
        events.append(event)
    return state, events


def only(kind: type, events: list[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def racers_of(*cells: str, steps: int = 20, **values: Any) -> list[racer.Racer]:
    specs = described(*cells, **values)
    _, examples = data.load(specs[0])
    return make_racers(specs, examples, Budget(steps=steps), torch.device("cpu"), None)


@pytest.mark.parametrize("both", [False, True], ids=["one-way", "both-ways"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_twins_keep_parity(pair: tuple[str, str], layers: int, both: bool) -> None:
    state, events = raced(
        *pair, steps=25, cell__layers=layers, cell__bidirectional=both, cell__dropout=0.3 * (layers > 1)
    )
    found = state.difference(pair[1])
    assert found is not None
    assert (found.twin_of, found.steps, found.lost_at) == (pair[0], 25, None)
    assert found.largest < 1e-5
    start = only(Begun, events)[0].contenders
    assert [one.twin_of for one in start] == ["", pair[0]]
    assert start[1].parity < 1e-5
    assert [len(one.losses) for one in state.cells.values()] == [25, 25]


def test_twins_start_from_the_same_weights_and_draws_and_see_the_same_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = racers_of("torch-gru", "gru")
    weights = one.model.recurrent.to_torch()
    assert all(torch.equal(tensor, weights[name]) for name, tensor in other.model.recurrent.to_torch().items())
    for name, tensor in one._generators.items():
        assert torch.equal(tensor, other._generators[name])
    seen: dict[str, list[list[int]]] = {"gru": [], "torch-gru": []}

    def noted(cell: racer.Racer) -> Callable[..., torch.Tensor]:
        loss = cell.task.loss

        def note(model: Any, examples: Any, rows: torch.Tensor) -> torch.Tensor:
            seen[cell.spec.cell].append(rows.tolist())
            return loss(model, examples, rows)

        return note

    for cell in (one, other):
        monkeypatch.setattr(cell.task, "loss", noted(cell))
    for cell, steps in ((one, 5), (other, 7), (one, 13), (other, 11)):  # 12 batches an epoch: into the next one
        cell.train(steps)
    assert seen["gru"] == seen["torch-gru"]
    assert len(seen["gru"]) == 18


def test_each_trains_as_a_run_of_its_own(runs_folder) -> None:
    """Whatever races beside it, in whatever turns: the weights are a run's, bit for bit."""
    run = toy(runs_folder, {"train.epochs": 2, "cell.layers": 2, "cell.dropout": 0.2}, cell="gru")
    trained(run)
    saved = torch.load(run.last_file, weights_only=True)["model"]
    cells = racers_of("lstm", "gru", "rnn", steps=24, cell__layers=2, cell__dropout=0.2)
    for steps in (3, 10, 11):
        for cell in cells:
            cell.train(steps)
    gru = cells[1].model.state_dict()
    assert gru.keys() == saved.keys()
    assert all(torch.equal(tensor, gru[name]) for name, tensor in saved.items())


def test_cells_that_differ_start_each_from_the_seed() -> None:
    one, other = racers_of("lstm", "gru")
    alone = racers_of("gru", "rnn")[0]
    assert one.twin_of == other.twin_of == ""
    expected = alone.model.state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in other.model.state_dict().items())
    state, _ = raced("lstm", "gru", steps=4)
    assert state.difference("gru") is None
    assert state.ratio("gru") is not None


def test_the_turns_and_who_begins_change_from_block_to_block() -> None:
    _, events = raced("lstm", "gru", "rnn", steps=40)
    turns = only(Turn, events)
    assert [turn.cell for turn in turns[:6]] == ["lstm", "gru", "rnn", "gru", "rnn", "lstm"]
    assert {len(turn.losses) for turn in turns} == {4}  # ten blocks at least
    assert [turn.block for turn in turns] == sorted(list(range(10)) * 3)
    assert {turn.examples for turn in turns} == {64}
    assert [type(event) for event in events[-4:]] == [Evaluated, Evaluated, Evaluated, Ended]
    assert events[-1].reason == "all steps done"
    assert [event.metrics.keys() >= {"loss", "accuracy"} for event in events[-4:-1]] == [True] * 3


def test_by_time_each_spends_its_seconds_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    train = racer.Racer.train

    def paced(self: racer.Racer, steps: int) -> Any:
        nonlocal now
        now += steps * (0.5 if self.spec.cell == "gru" else 0.125)
        return train(self, steps)

    monkeypatch.setattr(racer.Racer, "train", paced)
    state, events = raced("rnn", "gru", seconds=10, clock=lambda: now)
    assert {cell: len(one.losses) for cell, one in state.cells.items()} == {"rnn": 80, "gru": 20}
    assert {cell: one.seconds for cell, one in state.cells.items()} == {"rnn": 10.0, "gru": 10.0}
    assert events[-1].reason == "the time is up"
    ratio = state.ratio("gru")
    assert ratio is not None
    assert (ratio.median, ratio.low, ratio.high) == (0.25, 0.25, 0.25)
    assert state.standings()[0].examples_per_s == 128.0


def test_by_time_a_schedule_ends_the_race() -> None:
    ticks = itertools.count()
    state, events = raced("rnn", "gru", seconds=1e5, clock=lambda: next(ticks) * 1e-3, train__schedule="cosine")
    assert {len(one.losses) for one in state.cells.values()} == {24}  # two epochs of twelve steps
    assert events[-1].reason == "the schedule of the learning rate is at its end"


def test_it_is_stopped_after_a_block() -> None:
    asked = False

    def stop(events: list[Any]) -> bool:
        """Ask once, after three blocks: it is asked by the clock as well, while data are read."""
        nonlocal asked
        due = not asked and len(only(Turn, events)) == 3
        asked = asked or due
        return due

    state, events = raced("lstm", "torch-lstm", steps=100, stop=stop)
    assert [len(one.losses) for one in state.cells.values()] == [10, 20]
    assert events[-1].reason == "stopped on request"
    assert len(only(Evaluated, events)) == 2
    found = state.difference("torch-lstm")
    assert found is not None
    assert found.steps == 10


def test_it_is_stopped_before_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    reading = False

    def load(*_: object) -> None:
        nonlocal reading
        reading = True
        while True:
            pass

    monkeypatch.setattr(data, "load", load)
    with pytest.raises(Interrupted):
        raced("lstm", "gru", steps=5, stop=lambda _: reading)


def test_a_loss_that_is_no_number_ends_one_cells_race(monkeypatch: pytest.MonkeyPatch) -> None:
    train = racer.Racer.train

    def spoiled(self: racer.Racer, steps: int) -> Any:
        losses, count = train(self, steps)
        if self.spec.cell == "gru" and self.step == 8:
            losses[1] = float("nan")
        return losses, count

    monkeypatch.setattr(racer.Racer, "train", spoiled)
    state, events = raced("lstm", "gru", steps=40)
    out = only(Out, events)
    assert [one.cell for one in out] == ["gru"]
    assert out[0].message == (
        "The loss of gru stopped being a number at step 6: race again with a lower train.lr (it is 0.01)."
    )
    assert [len(one.losses) for one in state.cells.values()] == [40, 6]
    assert [event.cell for event in only(Evaluated, events)] == ["lstm"]
    assert events[-1].reason == "all steps done"
    assert state.standings()[1].loss is None


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        ("oom", "The memory did not suffice for gru at step 5: race fewer cells, or with a smaller train.batch_size"),
        ("exit", "gru ended the program at step 5, which a cell or task may not do: mend its file."),
    ],
)
def test_what_ends_a_race_is_one_sentence(trouble: str, sentence: str) -> None:
    with pytest.raises(RaceError, match=f"^{re.escape(sentence)}"):
        raced("lstm", "gru", steps=40, task__trouble=trouble)


def test_data_that_cannot_be_read_are_told() -> None:
    with pytest.raises(DataError, match="is missing"):
        raced("lstm", "gru", steps=2, task__trouble="data")


def test_all_out_is_the_end() -> None:
    state, events = raced("lstm", "gru", steps=40, task__trouble="nan")
    assert events[-1].reason == "no cell is left"
    assert only(Evaluated, events) == []
    assert [len(one.losses) for one in state.cells.values()] == [5, 5]


def test_each_cell_s_kernel_is_told() -> None:
    state, _ = raced("lstm", "torch-lstm", steps=1, cell__kernel="reference")
    assert state.begun
    assert [one.kernel for one in state.begun.contenders] == ["reference", "torch"]
