"""Budget and cells of a race; each refusal is one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workbench.config import spec
from workbench.config.spec import SpecError
from workbench.races.budget import Budget, budget, described
from workbench.races.process import words_for

OWN = '''
"""Own cell.

Source: the tests.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from cells._base import Cell, Hidden


class Own(Cell):
    class Options(msgspec.Struct, frozen=True):
        heads: Annotated[int, Meta(ge=1, le=9, description="heads")] = 2

    def step(self, projected, state):
        return projected.tanh(), Hidden(projected.tanh())
'''


@pytest.mark.parametrize(
    ("given", "expected", "words"),
    [
        ({}, Budget(by="steps", steps=300), "300 steps each"),
        ({"steps": 1200}, Budget(by="steps", steps=1200), "1,200 steps each"),
        ({"by": "time"}, Budget(by="time", seconds=30.0), "30 s each"),
        ({"seconds": 2.5}, Budget(by="time", seconds=2.5), "2.5 s each"),
        ({"by": "time", "seconds": 5}, Budget(by="time", seconds=5.0), "5 s each"),
    ],
)
def test_budgets(given: dict[str, Any], expected: Budget, words: str) -> None:
    assert budget(**given) == expected
    assert str(budget(**given)) == words


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"by": "tim"}, "--by tim: did you mean 'time'?"),
        ({"steps": 3, "seconds": 3}, "--seconds goes with --by time, --steps with --by steps: give one of them."),
        ({"by": "steps", "seconds": 3}, "--seconds goes with --by time, --steps with --by steps: give one of them."),
        ({"by": "time", "steps": 3}, "--steps goes with --by steps, --seconds with --by time: give one of them."),
        ({"steps": 0}, "--steps 0: it must be a whole number from 1 to 1,000,000,000."),
        ({"seconds": 0}, "--seconds 0: it must be above 0 and at most 604,800."),
        ({"seconds": float("nan")}, "--seconds nan: it must be above 0 and at most 604,800."),
    ],
)
def test_no_such_budget(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SpecError) as refused:
        budget(**given)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("task", "cells", "values", "sentence"),
    [
        ("toy", "lstm", {}, "--cells lstm: a race needs two cells or more, such as --cells lstm,torch-lstm."),
        ("toy", "bilstm,", {}, "--cells bilstm,: a race needs two cells or more, such as --cells bilstm,gru."),
        ("toy", "lstm, gru,lstm", {}, "--cells lstm, gru,lstm: lstm is named twice, and a race needs different cells."),
        ("toy", " ,", {}, "--cells names no cell: a race needs 2 to 6, such as --cells lstm,torch-lstm."),
        ("toy", "a,b,c,d,e,f,g", {}, "--cells names 7 cells: a race needs 2 to 6, such as --cells lstm,torch-lstm."),
        ("toy", "lstm,tortch-lstm", {}, "There is no cell 'tortch-lstm': did you mean 'torch-lstm'?"),
        ("toi", "lstm,gru", {"train.lr": 1}, "There is no task 'toi': did you mean 'toy'?"),
        ("toy", "lstm,gru", {"train.lrr": 1}, "There is no setting 'train.lrr': did you mean 'train.lr'?"),
        (
            "toy",
            "lstm,gru",
            {"train.processes": 2},
            "train.processes=2: a race trains its cells in turns in one process. Leave it at 1.",
        ),
        (
            "scribe",
            "lstm,bilstm",
            {},
            "scribe writes from left to right, so a bidirectional network (bilstm) would see what it must guess: "
            "choose a cell that reads one way.",
        ),
    ],
)
def test_cells_that_cannot_race(task: str, cells: str, values: dict[str, object], sentence: str) -> None:
    with pytest.raises(SpecError) as refused:
        described(task, cells, values)
    assert str(refused.value) == sentence


def test_the_descriptions_differ_in_the_cell_alone() -> None:
    one, other = described("toy", "lstm, torch-lstm", {"hidden": "16", "train.lr": "0.1"})
    assert (one.cell, other.cell) == ("lstm", "torch-lstm")
    assert (one.options, one.train, one.settings) == (other.options, other.train, other.settings)
    assert (one.options.hidden, one.train.lr) == (16, 0.1)


def test_a_cells_own_option_goes_to_the_cells_that_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import cells

    (tmp_path / "own.py").write_text(OWN.lstrip())
    monkeypatch.setattr(cells, "__path__", [*cells.__path__, str(tmp_path)])
    own, other = described("toy", "own,gru", {"cell.heads": "3", "cell.hidden": 4})
    assert own.cell_options == {"heads": 3}
    assert other.cell_options == {}
    assert own.options.hidden == other.options.hidden == 4
    words = words_for(own, ["own", "gru"], Budget())
    assert words[words.index("cell.heads=3") - 1] == "--set"


def test_the_words_of_a_race_describe_the_run(tmp_path: Path) -> None:
    run = spec.make("toy", "lstm", {"cell.bidirectional": True, "train.lr": 0.1 + 0.2, "task.gate": "a=b c"})
    words = words_for(run, ["lstm", "torch-lstm"], Budget(by="time", seconds=2.0), str(tmp_path))
    assert words[:8] == ["race", "toy", "--cells", "lstm,torch-lstm", "--by", "time", "--seconds", "2"]
    assert words[-2:] == ["--data", str(tmp_path)]
    pairs = dict(word.split("=", 1) for word in words if "=" in word)
    assert spec.values(described("toy", "lstm,torch-lstm", pairs)[0]) == spec.values(run)
    assert words_for(spec.make("toy", "gru"), ["gru", "rnn"], Budget())[-2:] == ["--steps", "300"]
