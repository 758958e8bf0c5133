"""Labs: found by their names, read when they are asked for; their quick forms."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from made_studies import append, finish, group, made, toy_plan
from runs import event_makers

import tasks
from workbench.studies import labs, published, table
from workbench.studies import plan as plans
from workbench.studies.plan import PlanError, Published
from workbench.studies.study import NoSuchStudy

TOY = "toy-two-cells"


def test_labs_are_listed_by_their_names_without_being_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "toy" / "labs"
    place.mkdir(parents=True)
    (place / "broken.toml").write_text("title =")
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(tmp_path)])
    names = [lab.name for lab in labs.listing()]
    assert names == sorted(names)
    assert {"broken", TOY, "imdb-grid"} <= {*names}
    assert labs.find(TOY).plan.task == "toy"
    with pytest.raises(PlanError, match=r"broken.toml is not TOML"):
        _ = labs.find("broken").plan


def test_a_lab_is_found_by_its_beginning_or_as_a_file(tmp_path: Path) -> None:
    assert labs.find("toy").name == TOY
    own = tmp_path / "mine.toml"
    own.write_bytes(labs.find(TOY).path.read_bytes())
    assert (labs.find(str(own)).name, labs.find(str(own)).plan) == ("mine", labs.find(TOY).plan)
    assert labs.find(TOY).study(quick=False) == TOY
    assert labs.find(TOY).study(quick=True) == f"{TOY}-quick"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "There is no lab ''"),
        ("toy-too-cells", "There is no lab 'toy-too-cells': did you mean 'toy-two-cells'?"),
        ("names", "'names' is the beginning of names-rnn-lstm, names-three-networks: type more of it."),
    ],
)
def test_a_name_of_no_lab_or_of_several_is_one_sentence(name: str, sentence: str) -> None:
    with pytest.raises(NoSuchStudy, match=f"^{re.escape(sentence)}"):
        labs.find(name)


def test_two_labs_of_one_name_are_told_apart_by_their_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "toy" / "labs"
    place.mkdir(parents=True)
    (place / f"{TOY}.toml").write_bytes(labs.find(TOY).path.read_bytes())
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(tmp_path)])
    with pytest.raises(NoSuchStudy, match=f"^Several labs are called {TOY}: name a file, .*{re.escape(str(place))}"):
        labs.find(TOY)


def test_a_quick_form_takes_its_values_over_the_plans_and_a_plan_without_one_says_so() -> None:
    plan = labs.find(TOY).plan
    quick = plans.quickened(plan)
    described = plans.expand(quick)[0].described
    assert (described.settings.rows, described.train.max_steps, described.train.eval_every) == (200, 4, 2)
    assert (len(plans.expand(plan)), len(plans.expand(quick))) == (4, 2)
    with pytest.raises(PlanError, match="no quick form"):
        plans.quickened(quick)


def test_published_figures_stand_beside_the_mean_of_their_runs(runs_folder: Path) -> None:
    figures = [
        Published(where={"cell": "rnn"}, metric="test.accuracy", value=0.61, about=True),
        Published(where={"cell": "gru", "cell.layers": 2}, metric="test.accuracy", value=0.7),
        Published(where={"cell": "gru", "cell.layers": 9}, metric="test.accuracy", value=0.8),
    ]
    study = made(runs_folder, toy_plan(group("rnn", "gru", grid={"cell.layers": [1, 2]}), seeds=1, published=figures))
    for number, value in enumerate((0.5, 0.7, 0.1, 0.3), 1):
        finish(study, number, {"accuracy": value})
    of, members = table.task_settings(study), study.members()
    rnn, gru, none = published.beside(study.content.plan, members)
    assert [m.number for m in rnn.members] == [1, 2]
    assert rnn.spread
    assert rnn.spread.mean == pytest.approx(0.6)
    assert rnn.printed(of) == "≈ 0.6100"
    assert (gru.label, table.as_text(gru.spread, "test.accuracy", of)) == ("gru, layers 2", "0.3000")
    assert gru.printed(of) == "0.7000"
    assert (none.members, none.spread) == ([], None)


def test_no_figure_is_reproduced_by_a_run_that_is_not_finished(runs_folder: Path) -> None:
    figure = Published(where={"cell": "rnn"}, metric="train.loss", value=6.62)
    study = made(runs_folder, toy_plan(group("rnn"), seeds=2, published=[figure]))
    append(study.begin(1), event_makers.started(), event_makers.step(1, 9.0))
    (found,) = published.beside(study.content.plan, study.members())
    assert found.spread is None
    finish(study, 2, {})
    (found,) = published.beside(study.content.plan, study.members())
    assert table.as_text(found.spread, "train.loss", table.task_settings(study)) == "0.5000 (1 of 2)"
