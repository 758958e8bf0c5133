"""A search: its space, and trials that the validation rows choose."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from made_studies import append
from runs import event_makers

from workbench.config import spec
from workbench.config.spec import SpecError
from workbench.runs import launch
from workbench.runs.folder import RunError
from workbench.runs.run import Run
from workbench.studies import overview, space, store, table
from workbench.studies import plan as plans
from workbench.studies.plan import Plan, PlanError, RunGroup
from workbench.studies.queue import Orders, start
from workbench.studies.search import SearchQueue
from workbench.studies.space import Dimension, Search
from workbench.studies.study import Study, StudyError


@pytest.fixture
def base(runs_folder: Path) -> Study:
    """A study of one setting, from which a search begins."""
    plan = Plan(task="toy", runs=[RunGroup(cells=["lstm"])], set={"train.epochs": 2})
    return store.create(runs_folder, "search", plan, plans.expand(plan))


def test_a_dimension_is_read_from_text() -> None:
    described = spec.make("toy", "lstm")
    read = [space.dimension(text, described) for text in ("lr=1e-4..0.1:log", "cell.hidden=4..16", "cell=rnn,lstm")]
    assert read == [
        Dimension(key="train.lr", kind="float", low=1e-4, high=0.1, log=True),
        Dimension(key="cell.hidden", kind="int", low=4, high=16),
        Dimension(key="cell", kind="choice", choices=["rnn", "lstm"]),
    ]
    assert space.dimension("bidirectional=no,yes", described).choices == [False, True]


@pytest.mark.parametrize(
    "text",
    ["lr", "lr=", "=1", "nothing=1..2", "lr=0.1..0.01", "lr=0..1:log", "lr=a..b", "optimizer=a..b", "lr=1e-4..1:sqrt"],
)
def test_no_dimension_is_one_sentence(text: str) -> None:
    with pytest.raises((PlanError, SpecError)) as error:
        space.dimension(text, spec.make("toy", "lstm"))
    assert str(error.value).endswith((".", "?"))


def test_a_trial_is_the_base_with_what_was_chosen() -> None:
    described = spec.make("toy", "lstm", {"train.epochs": 3})
    trial = space.chosen(described, {"cell": "rnn", "train.lr": 0.5})
    assert (trial.cell, trial.train.lr, trial.train.epochs) == ("rnn", 0.5, 3)


def test_a_search_is_made_once_and_from_one_setting(base: Study, runs_folder: Path) -> None:
    search = Search(
        space=[Dimension(key="train.lr", kind="float", low=0.1, high=1)], trials=3, metric="loss", maximize=False
    )
    base.set_search(search)
    assert Study(base.path).search == search
    with pytest.raises(StudyError, match="a search already"):
        base.set_search(search)
    late = Study(base.path)
    late.__dict__["search"] = None  # it looked before the other wrote
    with pytest.raises(StudyError, match="a search already"):
        late.set_search(search)
    with closing(base.acquire_lock()), pytest.raises(StudyError, match="already being run"):
        Study(base.path).set_search(search)
    plan = Plan(task="toy", runs=[RunGroup(cells=["lstm", "rnn"])])
    two = store.create(runs_folder, "two", plan, plans.expand(plan))
    with pytest.raises(StudyError, match="plans 2"):
        two.set_search(search)


def test_trials_are_trained_and_ranked_on_validation(base: Study) -> None:
    pytest.importorskip("optuna", reason="Optuna is an extra")
    lr = Dimension(key="train.lr", kind="float", low=1e-4, high=0.1, log=True)
    base.set_search(Search(space=[lr], trials=3, metric="accuracy", maximize=True))
    for jobs in (2, 2):  # the second one finds nothing to do
        queue = start(Study(base.path), Orders(jobs=jobs))
        assert queue.wait() == 0, base.log_file.read_text()
    study = Study(base.path)
    members = study.members()
    assert [member.run.id for member in members] == ["search-01", "search-02", "search-03"]
    assert [member.state for member in members] == ["finished"] * 3
    rates = [float(str(member.planned.coordinates["train.lr"])) for member in members]
    assert len(set(rates)) == 3
    assert all(1e-4 <= rate <= 0.1 for rate in rates)
    assert [float(f"{rate:.4g}") for rate in rates] == rates  # as many digits as a label shows
    assert table.main_metric(study) == "val.accuracy"
    assert overview.overview(study)["state"] == "finished"


def test_a_lock_that_a_killed_queue_left_on_the_journal_holds_nothing_up(base: Study, trained: list[Run]) -> None:
    pytest.importorskip("optuna", reason="Optuna is an extra")
    base.set_search(SEARCH)
    left = base.path / "optuna.log.lock"
    left.symlink_to(base.path / "optuna.log")
    work = SearchQueue(base, SEARCH, jobs=1, per_gpu=1)
    while work.work():
        pass
    assert len(trained) == 3
    assert left.is_symlink()  # Optuna would have waited, and taken it away


SEARCH = Search(
    space=[Dimension(key="cell.hidden", kind="int", low=4, high=8)], trials=3, metric="loss", maximize=False
)


def test_no_trial_is_a_run_that_was_there_before(base: Study, runs_folder: Path) -> None:
    (runs_folder / "search-03").mkdir()
    with pytest.raises(StudyError, match=r"^There is a run search-03 already, as this search would call a trial"):
        base.set_search(SEARCH)
    assert not base.search_file.exists()


@pytest.mark.parametrize("kind", ["a link", "a named pipe"])
def test_a_strangers_search_is_not_opened(base: Study, tmp_path: Path, kind: str) -> None:
    (tmp_path / "diary.txt").write_text("Dear diary")
    base.search_file.symlink_to(tmp_path / "diary.txt") if kind == "a link" else os.mkfifo(base.search_file)
    told = overview.overview(Study(base.path))
    assert told["state"] == "unreadable"
    assert told["message"] == f"Study search is not opened: search.json is {kind}, not a file of its own."


@pytest.mark.parametrize("kind", ["a link", "a named pipe"])
def test_a_strangers_journal_is_not_written(base: Study, tmp_path: Path, kind: str) -> None:
    pytest.importorskip("optuna", reason="Optuna is an extra")
    (tmp_path / "diary.txt").write_text("Dear diary")
    base.set_search(SEARCH)
    journal = base.path / "optuna.log"
    journal.symlink_to(tmp_path / "diary.txt") if kind == "a link" else os.mkfifo(journal)
    with pytest.raises(RunError, match=rf"is not opened: optuna.log is {kind}, not a file of its own\.$"):
        SearchQueue(base, SEARCH, jobs=1, per_gpu=1)
    assert (tmp_path / "diary.txt").read_text() == "Dear diary"


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """Runs that a queue started; each is finished as soon as it is."""
    runs: list[Run] = []

    def start(run: Run, device: str = "", threads: int = 0, **_: str) -> subprocess.Popen[bytes]:
        runs.append(run)
        append(run, event_makers.started(), event_makers.evaluation(10), event_makers.finished(10))
        worker = subprocess.Popen(["true"])
        worker.wait()
        return worker

    monkeypatch.setattr(launch, "start", start)
    return runs


def test_a_search_that_is_gone_on_with_tries_nothing_twice(base: Study, trained: list[Run]) -> None:
    pytest.importorskip("optuna", reason="Optuna is an extra")
    rate = Dimension(key="train.lr", kind="float", low=1e-4, high=0.1, log=True)
    base.set_search(search := Search(space=[rate], trials=6, metric="accuracy", maximize=True))
    for trials in (2, 4, 6):  # a queue that is killed after each second one
        work = SearchQueue(base, search, jobs=1, per_gpu=1)
        while len(trained) < trials:
            work.work()
    assert not work.work()
    assert [run.id for run in trained] == [f"search-{number:02d}" for number in range(1, 7)]
    assert len({run.spec.train.lr for run in trained}) == 6


def test_a_journal_whose_last_line_was_cut_off_is_gone_on_with(base: Study, trained: list[Run]) -> None:
    pytest.importorskip("optuna", reason="Optuna is an extra")
    base.set_search(SEARCH)
    SearchQueue(base, SEARCH, jobs=1, per_gpu=1).work()
    with (base.path / "optuna.log").open("ab") as journal:
        journal.write(b'{"op_code":5,"wor')
    work = SearchQueue(base, SEARCH, jobs=1, per_gpu=1)
    while work.work():
        pass
    assert [member.state for member in base.members()] == ["finished"] * 3


def test_a_trial_that_cannot_be_read_any_more_costs_no_other(base: Study, trained: list[Run], tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="Optuna is an extra")
    base.set_search(SEARCH)
    work = SearchQueue(base, SEARCH, jobs=1, per_gpu=1)
    work.work()
    trained[0].events_file.rename(tmp_path / "events.jsonl")
    trained[0].events_file.symlink_to(tmp_path / "events.jsonl")
    while work.work():
        pass
    assert [member.state for member in base.members()] == ["unreadable", "finished", "finished"]
    assert work.refused == 0


def test_a_damaged_search_is_removed_without_its_runs(base: Study, runs_folder: Path) -> None:
    base.set_search(SEARCH)
    trial = base.begin(1, base.content.runs[0].described, "hidden 8")
    base.study_file.write_text("{")
    damaged = store.find("search", runs_folder)
    assert store.own_runs(damaged) == []
    assert store.remove(damaged) == 0
    assert trial.path.exists()
