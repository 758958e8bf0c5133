"""Runs that a cluster has, on the command line: listed with the reason why they wait, shown, stopped, followed."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from fake_cluster import FakeCluster, put
from runs import event_makers
from studies.made_studies import append, finish, group, made, toy_plan
from typer.testing import CliRunner, Result

from workbench.cli import follow
from workbench.cli.app import app
from workbench.config import spec
from workbench.config.spec import SpecError
from workbench.executors import jobs
from workbench.executors.clusters import ClusterError
from workbench.runs import store
from workbench.runs.run import Run

_runner = CliRunner()


@pytest.fixture
def run(runs_folder: Path) -> Run:
    made = store.create(runs_folder, spec.make("toy", "lstm"), name="one")
    put(made, id="12_3", reason="Resources (all are busy)", submitted=time.time() - 330, seen=0.0)
    return made


def told(*words: str) -> Result:
    result = _runner.invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def test_the_list_says_why_a_run_waits(run: Run, fake_cluster: FakeCluster) -> None:
    store.create(run.path.parent, spec.make("toy", "gru"), name="other")
    lines = told("runs").stdout.splitlines()
    assert lines[0].split()[-1] == "job"
    assert "queued: Resources  " in next(line for line in lines if line.startswith("one "))
    assert "Slurm job 12_3" in next(line for line in lines if line.startswith("one "))
    assert fake_cluster.asked == [["one"]]
    assert [one["run"] for one in json.loads(told("runs", "--filter", "status:queued", "--json").stdout)] == ["one"]


def test_the_list_asks_before_it_is_printed(run: Run, fake_cluster: FakeCluster) -> None:
    fake_cluster.next["one"] = {"state": "running", "node": "n1"}
    (found,) = json.loads(told("runs", "--json").stdout)
    assert (found["status"], found["job"]["node"]) == ("starting", "n1")


def test_a_scheduler_that_does_not_answer_holds_no_list_up(
    run: Run, fake_cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_PATIENCE", 0.01)
    fake_cluster.answering.clear()
    try:
        assert "queued: Resources" in told("runs").stdout
    finally:
        fake_cluster.answering.set()


def test_show_tells_of_the_job(run: Run, fake_cluster: FakeCluster) -> None:
    assert "Slurm job 12_3 waits: Resources (all are busy), since 5 min." in told("show", "one").stdout
    found = json.loads(told("show", "one", "--json").stdout)
    assert (found["status"], found["job"]["id"], found["job"]["reason"]) == (
        "queued",
        "12_3",
        "Resources (all are busy)",
    )
    put(run, state="ended", reason="Slurm killed job 12_3: it used too much memory.")
    assert "Slurm killed job 12_3: it used too much memory. `workbench resume one`" in " ".join(
        told("show", "one").stdout.split()
    )


def test_stop_cancels_a_run_that_waits(run: Run, fake_cluster: FakeCluster) -> None:
    assert json.loads(told("stop", "one", "--json").stdout) == {"run": "one", "status": "stopped"}
    assert fake_cluster.cancelled == ["one"]


def test_a_study_is_handed_over_shown_and_stopped(runs_folder: Path, fake_cluster: FakeCluster) -> None:
    study = made(runs_folder, toy_plan(group("rnn"), seeds=4))
    finish(study, 1, {"accuracy": 0.5})
    handed = told("study", "run", "grid", "--on", "slurm", "--detach")
    assert "3 runs of study grid are handed to slurm" in handed.stderr
    assert fake_cluster.submitted == [["grid-02", "grid-03", "grid-04"]]
    fake_cluster.next["grid-02"] = {"state": "ended"}
    append(study.run(2), event_makers.started(), event_makers.finished(3))
    (listed,) = json.loads(told("study", "list", "--json").stdout)
    assert (listed["state"], listed["states"]) == ("queued", {"finished": 2, "queued": 2})
    shown = json.loads(told("study", "show", "grid", "--json").stdout)
    assert [one["job"] and one["job"]["state"] for one in shown["members"]] == [None, "ended", "queued", "queued"]
    assert json.loads(told("study", "stop", "grid", "--json").stdout) == {"study": "grid", "running": 0}
    assert fake_cluster.cancelled == ["grid-03", "grid-04"]


def test_a_study_is_followed_until_its_cluster_has_ended_it(runs_folder: Path, fake_cluster: FakeCluster) -> None:
    study = made(runs_folder, toy_plan(group("rnn"), seeds=2))
    real = fake_cluster.refresh

    def finishing(runs: list[Run]) -> None:
        for run in runs:
            append(run, event_makers.started(), event_makers.evaluation(3), event_makers.finished(3))
            fake_cluster.next[run.id] = {"state": "ended"}
        real(runs)

    fake_cluster.refresh = finishing  # type: ignore[method-assign]
    result = told("study", "run", "grid", "--on", "slurm")
    assert "grid-01  seed 0: queued" in result.stderr
    assert "2 of 2 done  grid-02  seed 1: finished" in result.stderr
    assert len(fake_cluster.submitted) == 1
    assert {member.state for member in study.members()} == {"finished"}


def test_a_stop_that_its_cluster_does_not_take_is_told(
    run: Run, fake_cluster: FakeCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_cluster.unreachable = True
    follow._stop(run, None)
    assert capsys.readouterr().err.splitlines()[-1] == "workbench: Cluster farm cannot be reached."
    assert run.status() == "queued"


def test_a_run_that_a_cluster_refuses_is_named(runs_folder: Path, fake_cluster: FakeCluster) -> None:
    fake_cluster.unreachable = True
    result = _runner.invoke(app, ["train", "toy", "--on", "slurm", "--detach"])
    (made,) = store.listing(runs_folder)
    assert isinstance(result.exception, ClusterError)
    assert f"`workbench resume {made.id} --on slurm` tries again." in result.stderr
    fake_cluster.unreachable = False
    assert told("resume", made.id, "--on", "slurm", "--detach").stdout == f"{made.id}\n"
    assert made.status() == "queued"


def test_a_search_stays_here_and_the_study_a_study(runs_folder: Path, fake_cluster: FakeCluster) -> None:
    study = made(runs_folder, toy_plan())
    words = ["--search", "optuna", "--space", "train.lr=1e-4..1e-1:log", "--on", "slurm"]
    result = _runner.invoke(app, ["study", "run", study.id, *words])
    assert isinstance(result.exception, SpecError)
    assert study.search is None
