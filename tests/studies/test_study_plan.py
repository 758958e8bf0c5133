"""Plans of studies: what their groups, grids and seeds expand to, in which order, and what is said of a wrong one."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_studies import group, toy_plan

from tasks.base import DataError, UsageError
from workbench.config.spec import SpecError
from workbench.studies import labs
from workbench.studies import plan as plans
from workbench.studies.plan import MOST_RUNS, PlanError, Published, Quick

MINIMAL = 'task = "toy"\n[[runs]]\ncells = ["rnn"]\n'


def labels(*args: Any, **more: Any) -> list[str]:
    return [run.label for run in plans.expand(toy_plan(*args, **more))]


def test_the_seed_varies_fastest_then_the_last_key_of_the_grid() -> None:
    runs = plans.expand(
        toy_plan(group("rnn", "gru", grid={"cell.layers": [1, 2], "cell.bidirectional": [False, True]}), seeds=2)
    )
    assert len(runs) == 16
    assert [run.label for run in runs[:5]] == [
        "rnn, layers 1, one way, seed 0",
        "rnn, layers 1, one way, seed 1",
        "rnn, layers 1, both ways, seed 0",
        "rnn, layers 1, both ways, seed 1",
        "rnn, layers 2, one way, seed 0",
    ]
    assert runs[-1].coordinates == {"cell": "gru", "cell.layers": 2, "cell.bidirectional": True, "train.seed": 1}
    last = runs[-1].described
    assert (last.cell, last.options.layers, last.options.bidirectional, last.train.seed) == ("gru", 2, True, 1)
    assert {run.described.train.device for run in runs} == {"cpu"}


_GRIDS = st.fixed_dictionaries(
    {},
    optional={
        "cell.layers": st.lists(st.integers(1, 5), min_size=1, max_size=3, unique=True),
        "hidden": st.lists(st.integers(1, 64), min_size=1, max_size=3, unique=True),
        "train.lr": st.lists(st.sampled_from([0.1, 0.01, 0.001]), min_size=1, max_size=2, unique=True),
        "task.dropout": st.lists(st.sampled_from([0.0, 0.25, 0.5]), min_size=1, max_size=2, unique=True),
    },
)


@settings(deadline=None, max_examples=40)
@given(
    grid=_GRIDS,
    cells=st.lists(st.sampled_from(["rnn", "gru", "lstm"]), min_size=1, max_size=2, unique=True),
    seeds=st.integers(1, 3) | st.lists(st.integers(0, 99), min_size=1, max_size=3, unique=True),
)
def test_each_combination_is_one_run_with_a_label_of_its_own(grid: dict, cells: list[str], seeds: Any) -> None:
    runs = plans.expand(toy_plan(group(*cells, grid=grid), seeds=seeds))
    numbers = range(seeds) if isinstance(seeds, int) else seeds
    assert [
        (run.described.cell, *(plans.value_of(run.described, key) for key in grid), run.described.train.seed)
        for run in runs
    ] == list(itertools.product(cells, *grid.values(), numbers))
    assert len({run.label for run in runs}) == len(runs)
    assert len({tuple(run.coordinates.items()) for run in runs}) == len(runs)
    for run in runs:  # the coordinates are the run's own values
        assert run.coordinates == {key: plans.value_of(run.described, key) for key in run.coordinates}


def test_seeds_are_counted_from_zero_or_named() -> None:
    assert labels(group("rnn"), seeds=3) == ["seed 0", "seed 1", "seed 2"]
    assert labels(group("rnn"), seeds=[2077, 5]) == ["seed 2077", "seed 5"]
    assert labels(group("rnn")) == ["rnn"]


def test_a_group_overrides_the_plan_and_over_overrides_both() -> None:
    """However a setting is named: by its key, or by the last part alone."""
    for plan_key, group_key, over_key in itertools.product(("lr", "train.lr"), repeat=3):
        plan = toy_plan(group("rnn", set={group_key: 0.2}), group("gru"), values={plan_key: 0.1})
        assert [run.described.train.lr for run in plans.expand(plan)] == [0.2, 0.1]
        assert [run.described.train.lr for run in plans.expand(plan, over={over_key: 0.3})] == [0.3, 0.3]


def test_a_grid_overrides_the_plan() -> None:
    plan = toy_plan(group("rnn", grid={"layers": [1, 2]}), values={"cell.layers": 4})
    assert [run.described.options.layers for run in plans.expand(plan)] == [1, 2]


def test_groups_that_set_different_values_are_told_apart() -> None:
    groups = group("rnn", set={"cell.layers": 1, "train.lr": 0.1}), group("rnn", set={"layers": 2, "train.lr": 0.1})
    assert labels(*groups) == ["layers 1", "layers 2"]
    assert labels(group("rnn"), group("rnn", set={"cell.layers": 2})) == ["layers 1", "layers 2"]
    assert labels(group("rnn"), group("rnn", preset="tiny")) == ["rnn", "preset tiny"]


def test_a_label_stands_for_what_its_group_sets() -> None:
    groups = group("rnn", label="as published", set={"train.lr": 0.1}), group("gru", label="better", preset="tiny")
    assert labels(*groups, seeds=2) == [
        *("as published, seed 0", "as published, seed 1"),
        *("better, seed 0", "better, seed 1"),
    ]
    assert labels(groups[0]) == ["as published"]
    assert labels(group("rnn", "gru", label="as published")) == ["as published, rnn", "as published, gru"]
    assert labels(group("rnn", label="a", grid={"cell.layers": [1, 2]}), group("gru")) == [
        *("a, layers 1", "a, layers 2"),
        "gru, layers 1",
    ]


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (toy_plan(seeds=0), "A study needs a seed at least"),
        (toy_plan(seeds=-3), "A study needs a seed at least"),
        (toy_plan(seeds=[]), "A study needs a seed at least"),
        (toy_plan(seeds=[4, 4]), "Two runs of this plan are the same (rnn"),
        (toy_plan(group("rnn", "rnn")), "Two runs of this plan are the same (rnn)"),
        (toy_plan(group("rnn", grid={"cell.layers": [1, 1]})), "Two runs of this plan are the same"),
        (toy_plan(group("rnn", grid={"cell.layers": []})), "The grid's cell.layers has no values"),
        (toy_plan(group("rnn", grid={"train.seed": [1, 2]})), "Seeds are no setting of a grid"),
        (toy_plan(values={"seed": 7}), "Seeds are no setting of a grid"),
        (
            toy_plan(group("rnn", grid={"cell.layers": [1], "layers": [2]})),
            "A setting of the grid (cell.layers, layers)",
        ),
        (
            toy_plan(group("rnn", grid={"cell.layers": [1, 2]}, set={"layers": 3})),
            "A setting of the grid (cell.layers)",
        ),
        (
            toy_plan(group("rnn", label="a", set={"lr": 0.1}), group("rnn", label="a", set={"lr": 0.2})),
            "Nothing tells two runs of this plan apart: give each group a label (a).",
        ),
        (
            toy_plan(rows=["cell.layrs"]),
            "The plan's table names no setting of its runs with 'cell.layrs': did you mean",
        ),
        (toy_plan(columns=["nothing"]), "The plan's table names no setting of its runs with 'nothing'"),
        (toy_plan(rows=[""]), "The plan's table names no setting of its runs with ''"),
        (
            toy_plan(metric="accuracy"),
            "The plan's metric 'accuracy' is of no split: write test.NAME, val.NAME or run.NAME.",
        ),
        (
            toy_plan(published=[Published(where={"cel": "rnn"}, metric="test.accuracy", value=1)]),
            "The plan's table names no setting of its runs with 'cel'",
        ),
        (
            toy_plan(published=[Published(where={}, metric="train.accuracy", value=1)]),
            "The plan's metric 'train.accuracy' is of no split",
        ),
    ],
)
def test_a_plan_that_no_study_is_made_of(plan: plans.Plan, said: str) -> None:
    with pytest.raises(PlanError) as caught:
        plans.expand(plan)
    assert str(caught.value).startswith(said)
    assert str(caught.value)[-1] in ".?"
    assert isinstance(caught.value, UsageError)


@pytest.mark.parametrize("seeds", [MOST_RUNS + 1, 10**17, [*range(MOST_RUNS + 1)]])
def test_too_many_runs_are_counted_not_made(seeds: Any) -> None:
    count = seeds if isinstance(seeds, int) else len(seeds)
    with pytest.raises(PlanError, match=f"^This plan has {count:,} runs, more than a study holds"):
        plans.expand(toy_plan(group("rnn"), seeds=seeds))


def test_what_is_said_of_a_run_is_said_of_the_plan() -> None:
    for plan, said in (
        (toy_plan(group("rmn")), "There is no cell 'rmn': did you mean 'rnn'?"),
        (toy_plan(group("rnn", preset="tinny")), "There is no preset 'tinny': did you mean 'tiny'?"),
        (toy_plan(group("rnn", grid={"cell.layer": [1]})), "There is no setting 'cell.layer': did you mean"),
        (toy_plan(group("rnn", grid={"cell.layers": [1, 0]})), "cell.layers cannot be 0"),
        (plans.Plan(task="toi", runs=[group("rnn")]), "There is no task 'toi': did you mean 'toy'?"),
    ):
        with pytest.raises(SpecError) as caught:
            plans.expand(plan)
        assert str(caught.value).startswith(said)


def test_what_varies_is_not_given_one_value_as_well() -> None:
    plan = toy_plan(group("rnn", grid={"cell.layers": [1, 2]}), seeds=2)
    for over, said in (
        ({"layers": "3"}, "cell.layers has 2 values in this plan: leave --set cell.layers=3 out."),
        ({"train.seed": "7"}, "train.seed has 2 values in this plan: leave --set train.seed=7 out."),
    ):
        with pytest.raises(PlanError) as caught:
            plans.expand(plan, over=over)
        assert str(caught.value) == said
    assert [run.described.train.seed for run in plans.expand(toy_plan(group("rnn")), over={"seed": 7})] == [7]


def test_the_quick_form_overrides_every_group() -> None:
    plan = toy_plan(
        group("rnn", set={"train.epochs": 50}),
        group("gru"),
        values={"train.epochs": 9},
        seeds=3,
        quick=Quick(seeds=[7], set={"epochs": 1}),
    )
    assert {run.described.train.epochs for run in plans.expand(plan)} == {50, 9}
    quick = plans.expand(plans.quickened(plan))
    assert [(run.described.cell, run.described.train.epochs, run.described.train.seed) for run in quick] == [
        ("rnn", 1, 7),
        ("gru", 1, 7),
    ]
    with pytest.raises(PlanError, match="has no quick form"):
        plans.quickened(toy_plan())


def test_the_quick_form_has_fewer_values_of_the_grids() -> None:
    varied = group("rnn", grid={"cell.hidden": [2, 3, 4], "cell.layers": [1, 2]})
    plan = toy_plan(varied, group("gru"), quick=Quick(grid={"cell.hidden": [3]}))
    assert len(plans.expand(plan)) == 7
    quick = [run.described.options for run in plans.expand(plans.quickened(plan)) if run.described.cell == "rnn"]
    assert [(options.hidden, options.layers) for options in quick] == [(3, 1), (3, 2)]
    with pytest.raises(PlanError, match=r"varies cell\.dropout, which no grid of the plan does: leave it out\."):
        plans.quickened(toy_plan(varied, quick=Quick(grid={"cell.dropout": [0.1]})))


def test_value_of() -> None:
    (run,) = plans.expand(toy_plan(group("rnn", set={"cell.layers": 3})))
    wanted = {
        "cell": "rnn",
        "preset": "",
        "task": "toy",
        "cell.layers": 3,
        "layers": 3,
        "task.rows": 320,
        "nothing": None,
    }
    assert {key: plans.value_of(run.described, key) for key in wanted} == wanted


def test_every_lab_of_this_program_can_be_expanded() -> None:
    every = labs.listing()
    assert len(every) >= 6
    for lab in every:
        for plan in (lab.plan, plans.quickened(lab.plan)):
            runs = plans.expand(plan)
            assert len({run.label for run in runs}) == len(runs)
        for run in plans.expand(plans.quickened(lab.plan)):  # minutes, whatever a group says of its length
            assert 0 < run.described.train.max_steps <= lab.plan.quick.set["train.max_steps"]


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "plan.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_file(tmp_path: Path) -> None:
    text = f"""
title = "两种网络"
metric = "test.macro_f1"
seeds = [3]
set = {{ "train.lr" = 0.1 }}
{MINIMAL}
grid = {{ "cell.bidirectional" = [false, true] }}
[[published]]
where = {{ "cell.bidirectional" = true }}
metric = "test.accuracy"
value = 1
"""
    plan = plans.read(written(tmp_path, text))
    assert (plan.title, plan.metric, plan.seeds) == ("两种网络", "test.macro_f1", [3])
    assert [run.label for run in plans.expand(plan)] == ["one way", "both ways"]
    assert plan.published[0].value == 1.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a plan: Object missing required field `task`"),
        ("task = ", "is not TOML"),
        ("a = " + "[" * 100_000, "is not TOML"),
        ('task = "toy"\ntask = "toy"', "is not TOML"),
        (b"task = '\xff'", "is not UTF-8"),
        ('task = "toy"\nruns = []', "is not a plan"),
        ('task = "toy"\n[[runs]]\ncells = []', "is not a plan"),
        ('task = "toy"\n[[runs]]\ncells = "rnn"', "is not a plan"),
        ("colour = 1\n" + MINIMAL, "is not a plan: there is no 'colour': did you mean 'columns'?"),
        (MINIMAL + "gird = { lr = [1] }", "is not a plan: there is no 'gird' in [[runs]]: did you mean 'grid'?"),
        (MINIMAL + "[quick]\nsett = 1", "is not a plan: there is no 'sett' in [quick]: did you mean 'set'?"),
        (
            MINIMAL + "[[published]]\nvalu = 1",
            "is not a plan: there is no 'valu' in [[published]]: did you mean 'value'?",
        ),
        ("seeds = true\n" + MINIMAL, "is not a plan"),
        ('shows = ["poems"]\n' + MINIMAL, "is not a plan"),
        (MINIMAL + 'grid = { "train.lr" = [2020-01-01] }', "is not a plan"),
        (MINIMAL + 'grid = { "train.lr" = [nan] }', "holds the number nan, which no setting can have."),
        (MINIMAL + '[[published]]\nwhere = {}\nmetric = "test.accuracy"\nvalue = inf', "holds the number inf"),
        ("seeds = 123456789012345678901234567890\n" + MINIMAL, "holds the number 1.23457e+29"),
        pytest.param(f"seeds = 1{'0' * 400}\n{MINIMAL}", "holds the number 1.00000e+400", id="larger than a float"),
        pytest.param(f"seeds = 1{'0' * 5000}\n{MINIMAL}", "is not TOML", id="longer than Python reads"),
        pytest.param(f"{'a.' * 5000}a = 1\n{MINIMAL}", "is not a plan", id="too deep"),
    ],
)
def test_a_file_that_holds_no_plan(tmp_path: Path, text: str | bytes, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(PlanError) as caught:
        plans.read(path)
    assert str(caught.value).startswith(f"{path} {said}")
    assert str(caught.value).endswith((".", "?"))


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="cannot be read: No such file or directory"):
        plans.read(tmp_path / "nothing.toml")
    with pytest.raises(PlanError, match="cannot be read: Is a directory"):
        plans.read(tmp_path)
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(DataError, match="is a pipe or a device"):
        plans.read(tmp_path / "pipe.toml")
