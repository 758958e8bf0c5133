"""Jobs of runs: asked about together, one question a cluster, and ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_cluster import FakeCluster, put

from workbench.config import spec
from workbench.executors import jobs
from workbench.runs import store
from workbench.runs.folder import RunError
from workbench.runs.run import Run


@pytest.fixture
def runs(runs_folder: Path) -> list[Run]:
    described = spec.make("toy", "lstm", {"hidden": 4})
    return [store.create(runs_folder, described, name=f"one-{number}") for number in range(5)]


def test_live_jobs_of_a_cluster_are_one_question(runs: list[Run], fake_cluster: FakeCluster) -> None:
    for run in runs[:3]:
        put(run, seen=0.0)
    put(runs[3], seen=0.0, cluster="other")
    put(runs[4], seen=0.0, state="ended")
    fake_cluster.next[runs[0].id] = {"state": "running", "node": "n1"}
    jobs.refresh(runs)
    assert fake_cluster.asked == [[run.id for run in runs[:3]], [runs[3].id]]
    assert (runs[0].status(), runs[1].status()) == ("starting", "queued")


def test_a_job_that_was_just_asked_about_is_not_asked_about_again(runs: list[Run], fake_cluster: FakeCluster) -> None:
    put(runs[0], seen=0.0)
    jobs.refresh(runs)
    jobs.refresh(runs)
    assert fake_cluster.asked == [[runs[0].id]]


def test_a_cluster_that_cannot_be_reached_leaves_all_as_it_was(runs: list[Run], fake_cluster: FakeCluster) -> None:
    before = put(runs[0], seen=0.0)
    fake_cluster.unreachable = True
    jobs.refresh(runs)
    assert runs[0].job == before


def test_a_waiting_run_is_cancelled(runs: list[Run], fake_cluster: FakeCluster) -> None:
    put(runs[0])
    jobs.request_stop(runs[0])
    assert fake_cluster.cancelled == [runs[0].id]
    assert runs[0].status() == "stopped"


def test_a_run_that_trains_is_asked_by_its_folder(runs: list[Run], fake_cluster: FakeCluster) -> None:
    put(runs[0], state="running")
    jobs.request_stop(runs[0])
    assert runs[0].stop_requested()
    assert not fake_cluster.cancelled


def test_a_run_that_ended_cannot_be_stopped(runs: list[Run], fake_cluster: FakeCluster) -> None:
    put(runs[0], state="ended", reason="The node died.")
    with pytest.raises(RunError, match="it is lost"):
        jobs.request_stop(runs[0])
