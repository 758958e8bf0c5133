"""A study's folder: created whole or not at all, read from its runs, found, stopped, removed."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from made_studies import append, finish, group, made, toy_plan
from runs import event_makers

from tasks.base import UsageError
from workbench.config import spec
from workbench.runs import metadata
from workbench.runs import store as run_store
from workbench.runs.metadata import RunMetadata
from workbench.studies import plan as plans
from workbench.studies import store
from workbench.studies.study import AlreadyQueued, NoSuchStudy, Study, StudyError


def states(study: Study) -> list[str]:
    return [member.state for member in Study(study.path).members()]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_study_is_one_file_until_a_run_begins(runs_folder: Path) -> None:
    study = made(runs_folder, toy_plan(group("rnn", "gru"), seeds=2, title="两个单元"))
    assert contents(runs_folder).keys() == {"studies/grid/study.json"}
    again = store.find("grid", runs_folder)
    assert again.content == study.content
    assert again.content.plan.title == "两个单元"
    assert [
        (planned.label, planned.described.cell, planned.described.train.seed) for planned in again.content.runs
    ] == [
        ("rnn, seed 0", "rnn", 0),
        ("rnn, seed 1", "rnn", 1),
        ("gru, seed 0", "gru", 0),
        ("gru, seed 1", "gru", 1),
    ]
    assert states(study) == ["waiting"] * 4
    assert (study.queued(), study.stop_requested()) == (False, False)


def test_a_run_that_is_begun_carries_its_label_and_its_study(runs_folder: Path) -> None:
    study = made(runs_folder, toy_plan(group("rnn", grid={"layers": [1, 2]})))
    run = study.begin(2)
    assert (run.path, run.spec.options.layers) == (runs_folder / "grid-02", 2)
    assert metadata.read(run) == RunMetadata(name="layers 2", study="grid")
    assert states(study) == ["waiting", "waiting"]
    before = contents(runs_folder)
    assert study.begin(2).path == run.path
    assert contents(runs_folder) == before


def test_of_processes_that_begin_the_same_run_one_makes_it(runs_folder: Path) -> None:
    study = made(runs_folder)
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: study.begin(1), range(8)))
    assert {run.path for run in runs} == {runs_folder / "grid-01"}
    assert sorted(path.name for path in runs_folder.iterdir()) == ["grid-01", "studies"]


def test_members_have_the_states_of_their_runs(runs_folder: Path) -> None:
    study = made(runs_folder, toy_plan(group("rnn"), seeds=7))
    finish(study, 1, {"accuracy": 0.75})
    append(study.begin(2), event_makers.started(), event_makers.failed(3, "It broke."))
    append(study.begin(3), event_makers.started(), event_makers.stopped(3))
    append(study.begin(4), event_makers.started(), event_makers.step(3))
    live = study.begin(5)
    (study.begin(6).path / "spec.json").write_text("{")
    with closing(live.acquire_lock()):
        append(live, event_makers.started())
        members = study.members()
    assert [member.state for member in members] == [
        *("finished", "failed", "stopped", "lost", "running", "unreadable", "waiting")
    ]
    assert members[0].summary.test == {"accuracy": 0.75}
    assert members[1].summary.message == "It broke."
    assert members[6].summary is None


def test_a_hundred_runs_have_three_digits(runs_folder: Path) -> None:
    study = made(runs_folder, toy_plan(group("rnn"), seeds=100))
    assert [study.run(number).id for number in (1, 99, 100)] == ["grid-001", "grid-099", "grid-100"]


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".hidden", "-x", "a b", "a/b", "../x", "a\n", "é", "x\x1b[2J", "a" * 81, "last", "x\0", "\udcff"],
)
def test_what_no_study_is_called(runs_folder: Path, name: str) -> None:
    with pytest.raises(StudyError, match=r"^A study cannot be called ") as caught:
        made(runs_folder, name=name)
    assert isinstance(caught.value, UsageError)
    assert not runs_folder.exists()


@pytest.mark.parametrize("name", ["a", "A.b-c_9", "a" * 80, "latest", "studies", "study.json"])
def test_what_a_study_is_called(runs_folder: Path, name: str) -> None:
    made(runs_folder, name=name)
    assert store.find(name, runs_folder).id == name
    assert store.find("last", runs_folder).id == name


def test_a_name_that_is_taken(runs_folder: Path) -> None:
    made(runs_folder)
    before = contents(runs_folder)
    with pytest.raises(
        StudyError, match=r"^There is a study grid already: `workbench study run grid` goes on with it.$"
    ):
        made(runs_folder, toy_plan(seeds=5))
    (runs_folder / "wide-02").mkdir()
    with pytest.raises(StudyError, match=r"^There is a run wide-02 already, as this study would call its own"):
        made(runs_folder, name="wide")
    (runs_folder / "studies" / "empty").mkdir()
    with pytest.raises(StudyError, match=r"^There is .*/studies/empty already, which is no study"):
        made(runs_folder, name="empty")
    assert contents(runs_folder) == before


def test_of_two_that_create_the_same_study_one_does(runs_folder: Path) -> None:
    def attempt(seeds: int) -> str:
        try:
            return str(len(made(runs_folder, toy_plan(group("rnn"), seeds=seeds)).content.runs))
        except StudyError as error:
            return str(error)

    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(attempt, range(1, 7)))
    (whole,) = [one for one in told if one.isdigit()]
    assert len(Study(runs_folder / "studies" / "grid").content.runs) == int(whole)
    assert {one for one in told if not one.isdigit()} == {
        "There is a study grid already: `workbench study run grid` goes on with it."
    }
    assert [path.name for path in (runs_folder / "studies").iterdir()] == ["grid"]


def test_a_folder_that_cannot_be_written(runs_folder: Path) -> None:
    runs_folder.write_text("a file")
    with pytest.raises(StudyError, match=r"^The study cannot be kept in .*: Not a directory.$"):
        made(runs_folder)


def test_studies_are_found_by_name_prefix_and_last(runs_folder: Path) -> None:
    with pytest.raises(NoSuchStudy, match=r"^There are no studies in "):
        store.find("grid", runs_folder)
    for age, name in enumerate(("grid", "grid-wide", "other")):
        study = made(runs_folder, name=name)
        os.utime(study.study_file, (1_000_000 - age, 1_000_000 - age))
    assert [study.id for study in store.listing(runs_folder)] == ["grid", "grid-wide", "other"]
    wanted = {"grid": "grid", "grid-w": "grid-wide", "o": "other", "last": "grid"}
    assert {name: store.find(name, runs_folder).id for name in wanted} == wanted
    for name, said in (
        ("gr", "'gr' is the beginning of 2 studies: grid, grid-wide. Type more of it."),
        ("x", "There is no study 'x': there are grid, grid-wide, other."),
        ("", "There is no study '': there are grid, grid-wide, other."),
        ("../grid", "There is no study '../grid': did you mean 'grid'?"),
        ("gird-wide", "There is no study 'gird-wide': did you mean 'grid-wide'?"),
    ):
        with pytest.raises(NoSuchStudy) as caught:
            store.find(name, runs_folder)
        assert str(caught.value) == said


def test_studies_that_a_message_leaves_out_are_counted(runs_folder: Path) -> None:
    for number in range(8):
        made(runs_folder, name=f"s{number}")
    for name, end in (("s", "and 2 more. Type more of it."), ("other", "and 2 more.")):
        with pytest.raises(NoSuchStudy) as caught:
            store.find(name, runs_folder)
        assert str(caught.value).endswith(end)


def test_hidden_folders_and_files_are_no_studies(runs_folder: Path) -> None:
    made(runs_folder)
    place = runs_folder / "studies"
    (place / ".new-1-2").mkdir()
    (place / ".new-1-2" / "study.json").write_text("{}")
    (place / "notes.txt").write_text("mine")
    (place / "empty").mkdir()
    assert [study.id for study in store.listing(runs_folder)] == ["grid"]


def test_one_queue_holds_the_lock(runs_folder: Path) -> None:
    study = made(runs_folder)
    with closing(study.acquire_lock()):
        assert Study(study.path).queued()
        with pytest.raises(AlreadyQueued, match=r"^Study grid is already being run"):
            Study(study.path).acquire_lock()
    assert not study.queued()


def test_a_stop_is_asked_of_the_queue_and_of_what_trains(runs_folder: Path) -> None:
    study = made(runs_folder)
    with pytest.raises(StudyError, match=r"^Study grid is not running.$"):
        study.request_stop()
    first, second = study.begin(1), study.begin(2)
    with closing(study.acquire_lock()), closing(first.acquire_lock()):
        study.request_stop()
        assert (study.stop_requested(), first.stop_requested(), second.stop_requested()) == (True, True, False)
    study.acquire_lock().close()  # the next queue begins without the old request
    assert not study.stop_requested()
    with closing(first.acquire_lock()):  # a queue that was killed left it
        study.request_stop()
        assert (study.stop_requested(), first.stop_requested()) == (False, True)


def test_remove(runs_folder: Path) -> None:
    study, other = made(runs_folder), made(runs_folder, name="grid-0")
    finish(study, 1, {"accuracy": 0.5})
    kept = finish(other, 1, {"accuracy": 0.5})
    assert store.remove(study) == 1
    assert [path.name for path in runs_folder.iterdir() if path.name != "studies"] == [kept.id]
    assert [path.name for path in (runs_folder / "studies").iterdir()] == ["grid-0"]
    assert store.remove(other, keep_runs=True) == 0
    assert kept.status() == "finished"
    with pytest.raises(StudyError, match=r"^There is a run grid-0-01 already"):
        made(runs_folder, name="grid-0")


def test_a_run_with_another_ones_name_is_not_removed(runs_folder: Path) -> None:
    study = made(runs_folder)
    study.begin(1)
    theirs = run_store.create(runs_folder, spec.make("toy", "lstm"), name="grid-02")
    assert store.own_runs(study)[0].id == "grid-01"
    assert store.remove(study) == 1
    assert theirs.spec.cell == "lstm"


def test_what_runs_is_not_removed(runs_folder: Path) -> None:
    study = made(runs_folder)
    run = study.begin(1)
    before = contents(runs_folder)
    with closing(study.acquire_lock()), pytest.raises(AlreadyQueued):
        store.remove(study)
    with closing(run.acquire_lock()):
        for keep_runs in (False, True):
            with pytest.raises(StudyError, match=r"^Study grid is running: `workbench study stop grid` first.$"):
                store.remove(study, keep_runs=keep_runs)
    assert contents(runs_folder).keys() == before.keys() | {"grid-01/lock", "studies/grid/lock"}


def test_of_a_study_that_is_a_link_the_link_is_removed(runs_folder: Path, tmp_path: Path) -> None:
    elsewhere = made(tmp_path / "elsewhere")
    (runs_folder / "studies").mkdir(parents=True)
    (runs_folder / "studies" / "grid").symlink_to(elsewhere.path)
    study = store.find("grid", runs_folder)
    assert [member.state for member in study.members()] == ["waiting", "waiting"]
    store.remove(study)
    assert not os.path.lexists(study.path)
    assert elsewhere.study_file.is_file()


def test_every_plan_survives_its_file(runs_folder: Path) -> None:
    """What is read from a study is what it was made of, value for value."""
    plan = toy_plan(
        group("rnn", label="a", note="x", grid={"train.lr": [0.1, 1e-05], "cell.bidirectional": [True, False]}),
        group("gru", preset="tiny", set={"task.gate": "一 [red] \x1b"}),
        rows=["train.lr"],
        columns=["cell"],
        metric="val.loss",
        seeds=[3, 2**31],
        published=[plans.Published(where={"label": "a"}, metric="train.loss", value=6.52, about=True)],
    )
    study = made(runs_folder, plan)
    again = Study(study.path).content
    assert again.plan == plan
    assert [(one.label, one.coordinates, one.described) for one in again.runs] == [*map(tuple, plans.expand(plan))]


def test_a_run_whose_worker_never_began_is_waiting(runs_folder: Path) -> None:
    study = made(runs_folder, toy_plan(group("rnn")))
    study.begin(1)
    assert [member.state for member in study.members()] == ["waiting"]
