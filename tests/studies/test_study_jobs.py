"""A study whose runs a cluster has: its members' states, its submission, its end."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_cluster import HERE, FakeCluster, put
from made_studies import append, finish, group, made, toy_plan
from runs import event_makers

from workbench.executors.clusters import ClusterError
from workbench.studies import overview, submission
from workbench.studies.queue import UNDONE, Orders, Queue
from workbench.studies.study import AlreadyQueued, Study


@pytest.fixture
def study(runs_folder: Path) -> Study:
    return made(runs_folder, toy_plan(group("rnn", "gru"), seeds=2))


def states(study: Study) -> list[str]:
    return [member.state for member in study.members()]


def test_all_that_is_due_is_handed_over_in_one_submission(study: Study, fake_cluster: FakeCluster) -> None:
    finish(study, 1, {"accuracy": 1.0})
    handed = submission.submit(study, HERE, UNDONE)
    assert [run.id for run in handed] == ["grid-02", "grid-03", "grid-04"]
    assert fake_cluster.submitted == [["grid-02", "grid-03", "grid-04"]]
    assert states(study) == ["finished", "queued", "queued", "queued"]


def test_a_second_submission_finds_nothing_due(study: Study, fake_cluster: FakeCluster) -> None:
    assert len(submission.submit(study, HERE, UNDONE)) == 4
    assert submission.submit(study, HERE, UNDONE) == []
    assert len(fake_cluster.submitted) == 1


def test_of_two_submissions_at_once_the_second_is_refused(study: Study, fake_cluster: FakeCluster) -> None:
    held = study.acquire_lock()
    with pytest.raises(AlreadyQueued):
        submission.submit(study, HERE, UNDONE)
    held.close()
    assert not fake_cluster.submitted


def test_a_job_that_ended_is_asked_about_before_it_is_handed_over_again(
    study: Study, fake_cluster: FakeCluster
) -> None:
    submission.submit(study, HERE, UNDONE)
    fake_cluster.next["grid-02"] = {"state": "ended", "reason": "Node n1 died."}
    assert [run.id for run in submission.submit(study, HERE, UNDONE)] == ["grid-02"]


def test_a_cluster_that_refuses_costs_nothing(study: Study, fake_cluster: FakeCluster) -> None:
    fake_cluster.unreachable = True
    with pytest.raises(ClusterError):
        submission.submit(study, HERE, UNDONE)
    assert not study.queued()
    fake_cluster.unreachable = False
    assert len(submission.submit(study, HERE, UNDONE)) == 4


def test_a_run_that_waits_is_no_waiting_run(study: Study) -> None:
    put(study.begin(1))
    put(study.begin(2), state="ended", reason="Slurm refused it.")
    study.begin(3)
    assert states(study) == ["queued", "lost", "waiting", "waiting"]
    assert overview.overview(study)["state"] == "queued"


def test_stop_cancels_what_waits_and_asks_what_trains(study: Study, fake_cluster: FakeCluster) -> None:
    submission.submit(study, HERE, UNDONE)
    put(study.run(2), state="running", node="n1")
    append(study.run(2), event_makers.started())
    study.request_stop()
    assert sorted(fake_cluster.cancelled) == ["grid-01", "grid-03", "grid-04"]
    assert study.run(2).stop_requested()
    assert states(study) == ["stopped", "stopping", "stopped", "stopped"]


def test_a_local_queue_leaves_a_cluster_s_runs_to_it(
    study: Study, fake_cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(study.begin(1))
    begun: list[int] = []
    monkeypatch.setattr(Queue, "_start", lambda self, number, place: begun.append(number))
    queue = Queue(study, Orders(jobs=4))
    assert not queue._workers  # it takes no place here
    queue.work()
    assert 1 not in begun
