"""The table of a study: which runs are in which figure, mean ± standard deviation, the best marked; and its notes."""

from __future__ import annotations

import math
import statistics
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_studies import append, finish, group, made, toy_plan
from runs import event_makers

from tasks.base import UsageError
from workbench.studies import overview, published, table
from workbench.studies.plan import Published
from workbench.studies.study import Study
from workbench.studies.table import Spread

ACCURACY = "test.accuracy"


def texts(study: Study, metric: str = ACCURACY, *layout: list[str]) -> list[list[str]]:
    """Heads and rows as text, the best with a star."""
    found = table.pivot(study.members(), metric, table.task_settings(study), *layout)
    return [found.heads, *([one.text + "*" * one.best for one in row] for row in found.rows)]


def with_figures(study: Study, *figures: float | None) -> Study:
    """Finish the runs in their order; ``None``: not begun."""
    for number, value in enumerate(figures, 1):
        if value is not None:
            finish(study, number, {"accuracy": value})
    return study


def test_mean_and_standard_deviation_over_the_seeds(runs_folder: Path) -> None:
    study = with_figures(made(runs_folder, toy_plan(seeds=3)), 0.8, 0.9, 0.85, 0.5, 0.5, 0.62)
    assert texts(study) == [
        ["cell", "test accuracy"],
        ["rnn", "0.8500 ± 0.0500*"],  # √(0.05² + 0.05² over 2)
        ["gru", "0.5400 ± 0.0693"],  # √(2 · 0.04² + 0.08² over 2)
    ]


def test_missing_runs_and_figures_are_counted(runs_folder: Path) -> None:
    study = with_figures(made(runs_folder, toy_plan(seeds=3)), 0.8, 0.9, None, 0.5)
    finish(study, 5, {"accuracy": None})  # not a number
    append(study.begin(6), event_makers.started(), event_makers.evaluation(5, 0.99), event_makers.failed(6))
    assert texts(study) == [
        ["cell", "test accuracy"],
        ["rnn", "0.8500 ± 0.0707 (2 of 3)*"],
        ["gru", "0.5000 (1 of 3)"],
    ]
    assert texts(study, "val.accuracy")[2] == ["gru", "0.6633 ± 0.2829*"]  # the failed run was evaluated as well
    assert texts(made(runs_folder, name="new"))[1:] == [["rnn", "–"], ["gru", "–"]]


def test_a_head_says_that_there_is_no_preset(runs_folder: Path) -> None:
    study = made(runs_folder, toy_plan(group("rnn", "gru"), group("rnn", "gru", preset="tiny")))
    assert [row[0] for row in texts(study, ACCURACY, ["preset"])[1:]] == ["preset none", "preset tiny"]
    assert texts(study, ACCURACY, ["cell"], ["preset"])[0] == ["cell", "preset none", "preset tiny"]


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=9))
def test_a_spread_is_numpys(values: list[float]) -> None:
    found = table.spread(values, 10)
    assert found.mean == pytest.approx(np.mean(values), rel=1e-9, abs=1e-9)
    assert found.deviation == pytest.approx(np.std(values, ddof=1), rel=1e-6, abs=1e-6)
    assert (found.seeds, found.planned) == (len(values), 10)


def test_a_spread_of_few_and_of_huge_figures() -> None:
    assert table.spread([], 3) is None
    assert table.spread([0.25], 3) == Spread(0.25, None, 1, 3)
    found = table.spread([1.7e308, 1.7e308, -1.7e308], 3)
    assert found.mean == pytest.approx(1.7e308 / 3)
    assert found.deviation == pytest.approx(1.7e308 * math.sqrt(4 / 3)) or math.isinf(found.deviation)
    assert table.spread([5e-324, 0.0], 2).mean in (0.0, 5e-324)


@pytest.mark.parametrize(("metric", "best"), [("test.accuracy", [1, 2]), ("test.loss", [0]), ("test.mystery", [])])
def test_the_best_is_marked_by_the_metrics_direction(runs_folder: Path, metric: str, best: list[int]) -> None:
    study = made(runs_folder, toy_plan(group("rnn", "gru", "lstm")))
    for number, accuracy in enumerate((0.1, 0.5, 0.5), 1):
        finish(study, number, {"accuracy": accuracy, "loss": accuracy, "mystery": accuracy})
    found = texts(study, metric)
    assert [at for at, row in enumerate(found[1:]) if row[1].endswith("*")] == best


def test_the_best_is_that_on_the_same_examples(runs_folder: Path) -> None:
    study = made(runs_folder, toy_plan(group("rnn", "gru", grid={"task.rows": [100, 200]})))
    with_figures(study, 0.2, 0.9, 0.3, 0.8)  # by cell, then rows
    assert texts(study)[1:] == [["rows 100", "0.2000", "0.3000*"], ["rows 200", "0.9000*", "0.8000"]]


def test_a_single_figure_is_not_the_best(runs_folder: Path) -> None:
    assert texts(with_figures(made(runs_folder), 0.5))[1:] == [["rnn", "0.5000"], ["gru", "–"]]


def test_the_training_loss(runs_folder: Path) -> None:
    study = made(runs_folder)
    append(study.begin(1), event_makers.started(), event_makers.step(3, 0.75), event_makers.step(4, 0.25))
    assert texts(study, "train.loss")[1:] == [["rnn", "0.2500"], ["gru", "–"]]


GRID = {"cell.layers": [1, 2], "cell.bidirectional": [False, True]}


def grid(runs_folder: Path) -> Study:
    """Eight settings in two seeds; the accuracies are 0.10, 0.11 … 0.25 in the plan's order."""
    study = made(runs_folder, toy_plan(group("rnn", "gru", grid=GRID), seeds=2))
    return with_figures(study, *(0.1 + 0.01 * at for at in range(16)))


def test_the_cell_is_in_the_columns_and_the_rest_in_the_rows(runs_folder: Path) -> None:
    assert texts(grid(runs_folder)) == [
        ["layers · bidirectional", "rnn", "gru"],
        ["layers 1, one way", "0.1050 ± 0.0071", "0.1850 ± 0.0071"],
        ["layers 1, both ways", "0.1250 ± 0.0071", "0.2050 ± 0.0071"],
        ["layers 2, one way", "0.1450 ± 0.0071", "0.2250 ± 0.0071"],
        ["layers 2, both ways", "0.1650 ± 0.0071", "0.2450 ± 0.0071*"],
    ]


def test_rows_and_columns_as_chosen(runs_folder: Path) -> None:
    study = grid(runs_folder)
    chosen = texts(study, ACCURACY, ["cell", "layers"], ["cell.bidirectional"])
    assert chosen == [
        ["cell · layers", "one way", "both ways"],
        ["rnn, layers 1", "0.1050 ± 0.0071", "0.1250 ± 0.0071"],
        ["rnn, layers 2", "0.1450 ± 0.0071", "0.1650 ± 0.0071"],
        ["gru, layers 1", "0.1850 ± 0.0071", "0.2050 ± 0.0071"],
        ["gru, layers 2", "0.2250 ± 0.0071", "0.2450 ± 0.0071*"],
    ]
    assert texts(study, ACCURACY, [], ["layers", "cell"])[0][1:] == [
        *("layers 1, rnn", "layers 2, rnn", "layers 1, gru", "layers 2, gru")
    ]
    assert texts(study, ACCURACY, ["layers", "layers"]) == texts(study, ACCURACY, ["cell.layers"])


def test_a_setting_that_is_in_neither_is_averaged_over_and_said_so(runs_folder: Path) -> None:
    study = grid(runs_folder)
    found = table.pivot(study.members(), ACCURACY, table.task_settings(study), ["cell.layers"])
    assert found.merged == ("cell.bidirectional",)
    assert table.merged_note(found) == ("Each figure is a mean over bidirectional too: name it with --rows or --cols.")
    values = [0.10, 0.11, 0.12, 0.13]
    assert found.spreads[0][0] == pytest.approx(Spread(0.115, statistics.stdev(values), 4, 4))
    whole = table.pivot(study.members(), ACCURACY, table.task_settings(study))
    assert (whole.merged, table.merged_note(whole)) == ((), "")


def test_a_setting_that_does_not_vary_can_be_shown(runs_folder: Path) -> None:
    study = with_figures(made(runs_folder), 0.25, 0.5)
    assert texts(study, ACCURACY, ["hidden"]) == [["hidden", "rnn", "gru"], ["hidden 8", "0.2500", "0.5000*"]]


@pytest.mark.parametrize(
    ("layout", "metric", "said"),
    [
        ((["cell.layer"], []), ACCURACY, "The study has no setting 'cell.layer': did you mean 'cell.layers'?"),
        (([], ["nothing"]), ACCURACY, "The study has no setting 'nothing': choose one of cell, cell.layers, cell.bid"),
        (([], []), "test.acuracy", "There is no metric 'acuracy': did you mean 'test.accuracy'?"),
        (([], []), "test.zzz", "There is no metric 'zzz': choose one of test.accuracy, test.loss"),
        (([], []), "train.accuracy", "There is no metric 'train.accuracy'"),
        (([], []), "accuracy", "There is no metric 'accuracy'"),
    ],
)
def test_what_a_study_does_not_have(runs_folder: Path, layout: Any, metric: str, said: str) -> None:
    study = made(runs_folder, toy_plan(group("rnn", "gru", grid=GRID)))
    with pytest.raises(UsageError) as caught:
        table.pivot(study.members(), metric, table.task_settings(study), *layout)
    assert str(caught.value).startswith(said)


def test_labelled_groups_are_rows_of_their_own(runs_folder: Path) -> None:
    """Two groups of one cell and one preset, which only their labels tell apart, are never averaged into one."""
    groups = [
        group("rnn", label="published", set={"lr": 0.1}),
        group("rnn", label="slower", set={"lr": 0.01}),
        group("gru", label="better"),
    ]
    study = with_figures(made(runs_folder, toy_plan(*groups, seeds=2)), 0.1, 0.1, 0.5, 0.5, 0.9, 0.9)
    assert texts(study) == [
        ["label", "test accuracy"],
        ["published", "0.1000 ± 0.0000"],
        ["slower", "0.5000 ± 0.0000"],
        ["better", "0.9000 ± 0.0000*"],
    ]
    assert texts(study, ACCURACY, ["cell"])[1:] == [["rnn", "0.3000 ± 0.2309"], ["gru", "0.9000 ± 0.0000*"]]
    assert [one.label for one in table.settings(study.members())] == ["published", "slower", "better"]


def test_a_label_of_several_cells_does_not_hide_them(runs_folder: Path) -> None:
    groups = group("rnn", "gru", label="published"), group("lstm", label="ours")
    study = with_figures(made(runs_folder, toy_plan(*groups)), 0.1, 0.5, 0.9)
    assert texts(study)[1:] == [["published, rnn", "0.1000"], ["published, gru", "0.5000"], ["ours", "0.9000*"]]


def test_groups_that_set_different_values_are_rows_of_their_own(runs_folder: Path) -> None:
    groups = group("rnn", set={"lr": 0.1}), group("rnn", set={"lr": 0.01}), group("rnn", preset="tiny", set={"lr": 0.1})
    study = with_figures(made(runs_folder, toy_plan(*groups)), 0.1, 0.5, 0.9)
    assert texts(study)[1:] == [
        ["lr 0.1", "0.1000"],
        ["lr 0.01", "0.5000"],
        ["preset tiny, lr 0.1", "0.9000*"],
    ]


def test_a_study_of_one_setting(runs_folder: Path) -> None:
    study = with_figures(made(runs_folder, toy_plan(group("rnn"), seeds=2)), 0.25, 0.75)
    assert texts(study) == [["cell", "test accuracy"], ["rnn", "0.5000 ± 0.3536"]]
    labelled = made(runs_folder, toy_plan(group("rnn", label="as published")), name="one")
    assert texts(labelled) == [["label", "test accuracy"], ["as published", "–"]]


def test_the_table_as_plain_data(runs_folder: Path) -> None:
    study = with_figures(made(runs_folder, toy_plan(seeds=2)), 0.25, 0.75, 0.5)
    members = study.members()
    found = table.to_json(study, members, table.pivot(members, ACCURACY, table.task_settings(study)))
    assert (found["study"], found["state"], found["runs"], found["finished"]) == ("grid", "stopped", 4, 3)
    assert found["states"] == {"finished": 3, "waiting": 1}
    assert found["table"] == [
        {"row": "rnn", "column": "test accuracy", "mean": 0.5, "deviation": pytest.approx(0.3535534)}
        | {"runs": 2, "planned": 2, "best": True},
        {"row": "gru", "column": "test accuracy", "mean": 0.5, "deviation": None}
        | {"runs": 1, "planned": 2, "best": True},
    ]
    assert [(one["run"], one["label"], one["state"], one["test"]) for one in found["members"]] == [
        ("grid-01", "rnn, seed 0", "finished", {"accuracy": 0.25}),
        ("grid-02", "rnn, seed 1", "finished", {"accuracy": 0.75}),
        ("grid-03", "gru, seed 0", "finished", {"accuracy": 0.5}),
        ("grid-04", "gru, seed 1", "waiting", None),
    ]
    assert msgspec.json.decode(msgspec.json.encode(found)) == found


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (["waiting", "waiting"], "new"),
        (["finished", "finished"], "finished"),
        (["finished", "running"], "running"),
        (["failed", "starting"], "running"),
        (["finished", "failed"], "failed"),
        (["finished", "unreadable"], "failed"),
        (["finished", "waiting"], "stopped"),
        (["failed", "waiting"], "stopped"),
        (["lost", "finished"], "stopped"),
    ],
)
def test_a_studys_state_in_a_word(states: list[Any], state: str) -> None:
    assert overview.state_of(states) == state


def test_the_notes_count_what_is_missing(runs_folder: Path) -> None:
    study = with_figures(made(runs_folder, toy_plan(seeds=2)), 0.5)
    append(study.begin(2), event_makers.started(), event_makers.failed(3))
    assert "3 of 4 runs are not finished: 1 failed, 2 waiting." in overview.notes(study, study.members())
    assert overview.notes(made(runs_folder, name="new"), [])[:1] == []


def test_published_figures_beside_those_of_the_runs(runs_folder: Path) -> None:
    figures = [
        Published(where={"cell": "rnn"}, metric=ACCURACY, value=0.6, about=True),
        Published(where={"label": "published"}, metric=ACCURACY, value=0.792),
        Published(where={"layers": 2}, metric=ACCURACY, value=0.5),
        Published(where={"label": "nobody's"}, metric=ACCURACY, value=0.5),
    ]
    groups = group("rnn"), group("gru", label="published", set={"layers": 2})
    study = with_figures(made(runs_folder, toy_plan(*groups, seeds=2, published=figures[:3])), 0.25, 0.75, 0.5)
    plan = msgspec.structs.replace(study.content.plan, published=figures)
    found = published.beside(plan, study.members())
    of = table.task_settings(study)
    assert [(one.label, one.printed(of), table.as_text(one.spread, ACCURACY, of)) for one in found] == [
        ("rnn", "≈ 0.6000", "0.5000 ± 0.3536"),
        ("published", "0.7920", "0.5000 (1 of 2)"),
        ("published", "0.5000", "0.5000 (1 of 2)"),
        ("nobody's", "0.5000", "–"),
    ]
    alone = made(runs_folder, toy_plan(groups[1], published=figures[1:2]), name="alone")
    assert [one.number for one in published.beside(alone.content.plan, alone.members())[0].members] == [1]


def test_tables_of_what_runs_took(runs_folder: Path) -> None:
    study = made(runs_folder)
    finish(study, 1, {"accuracy": 0.8})  # 10 steps in 10 seconds
    run = study.begin(2)
    ended = msgspec.structs.replace(event_makers.finished(20), wall_s=4.0, reached=True)
    append(run, event_makers.started(), event_makers.step(20), event_makers.evaluation(20), ended)
    assert texts(study, "run.steps") == [
        ["cell", "steps"],
        ["rnn", "10"],
        ["gru", "20"],
    ]  # not ranked: a run may have failed
    assert texts(study, "run.seconds")[1:] == [["rnn", "10.0"], ["gru", "4.0"]]
    assert texts(study, "run.seconds_per_1000_steps") == [
        ["cell", "1,000 steps s"],
        ["rnn", "1,000"],  # 10 s of 10 steps
        ["gru", "200.0*"],
    ]
    assert texts(study, "run.steps_to_target")[1:] == [["rnn", "–"], ["gru", "20"]]
    assert texts(study, "run.seconds_to_target")[1:] == [["rnn", "–"], ["gru", "4.0"]]
    parameters = str(event_makers.started().parameters)
    assert texts(study, "run.parameters")[1:] == [["rnn", parameters], ["gru", parameters]]  # not ranked
