"""Faults of a real Ray cluster, each tried: nothing saved is lost, nothing dead says *running*, no run trains twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from executors.ray_cluster import RayCluster, lives, steps_of, workers
from waiting import until

from workbench.executors import jobs
from workbench.runs.run import LIVE, Run

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(os.environ.get("WORKBENCH_CLUSTERS") != "whole", reason="minutes: WORKBENCH_CLUSTERS=whole"),
]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[RayCluster]:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'workbench-rnn[cluster]'")
    started = RayCluster(tmp_path)
    try:
        started.start_head()
        started.start_node()
        yield started
        for name in ("shared", "apart"):
            if started.spool(name).log_file.exists():
                print(f"driver.log of {name}:\n{started.log(name)}")
    finally:
        started.close()


def status(run: Run) -> str:
    jobs.refresh([run])
    return run.status()


def same_weights(run: Run, other: Run) -> bool:
    """Return whether best weights, last weights and the optimiser's state are equal bit for bit."""
    import safetensors.torch
    import torch

    def equal(one: object, two: object) -> bool:
        if isinstance(one, torch.Tensor) and isinstance(two, torch.Tensor):
            return torch.equal(one, two)
        if isinstance(one, dict) and isinstance(two, dict):
            return one.keys() == two.keys() and all(equal(one[key], two[key]) for key in one)
        return one == two

    states = [torch.load(each.last_file, weights_only=True) for each in (run, other)]
    kept = [{key: state[key] for key in ("model", "optimizer") if key in state} for state in states]
    assert kept[0]
    return equal(*kept) and equal(*(safetensors.torch.load_file(each.best_file) for each in (run, other)))


@pytest.fixture
def uninterrupted(cluster: RayCluster) -> Run:
    """A run of this machine, of 24 steps, with the threads of the cluster's runs."""
    shown = cluster.workbench(
        "train", "toy", "--cell", "gru", "--max-steps", "24", "--detach", "--set", "train.checkpoint_seconds=0.5"
    )
    run = Run(cluster.runs / shown.strip())
    until(lambda: run.status() == "finished")
    return run


def finished_equal(run: Run, uninterrupted: Run) -> None:
    until(lambda: status(run) not in LIVE, "the run's end")
    assert status(run) == "finished", (run.job, run.last_log_line())
    assert same_weights(run, uninterrupted)
    until(lambda: not workers(run), "the end of the worker")
    until(lambda: run.job and not run.job.live)


@pytest.mark.parametrize("name", ["shared", "apart"])
def test_killed_worker_is_lost_and_goes_on(cluster: RayCluster, uninterrupted: Run, name: str) -> None:
    run = cluster.train(name)
    until(lambda: steps_of(run) >= 6 and run.last_file.exists(), "six steps")
    workers(run)[0].kill()
    until(lambda: status(run) not in LIVE, "the end of the job")
    assert status(run) == "lost"
    assert "was killed on" in run.job.reason  # type: ignore[union-attr]
    print(run.job)
    cluster.workbench("resume", run.id, "--on", name, "--detach")
    finished_equal(run, uninterrupted)
    assert lives(run)[-1].from_step >= 3


@pytest.mark.parametrize("name", ["shared", "apart"])
def test_killed_node_is_replaced(cluster: RayCluster, uninterrupted: Run, name: str) -> None:
    runs = [cluster.train(name, pause=0.3) for _ in range(2)]  # one a node
    until(lambda: all(steps_of(run) >= 4 for run in runs), "both train")
    victims = {run.path: workers(run)[0].pid for run in runs}
    cluster.kill(cluster.node)
    until(lambda: any(run.job and run.job.requeues for run in runs), "a requeued job")
    hit = next(run for run in runs if run.job and run.job.requeues)
    print(hit.job, status(hit))
    until(lambda: all(worker.pid != victims[hit.path] for worker in workers(hit)), "the orphan's end")
    assert len(workers(hit)) <= 1
    cluster.start_node()
    for run in runs:
        finished_equal(run, uninterrupted)
    assert len(lives(hit)) == 2
    assert lives(hit)[1].from_step > 0


@pytest.mark.parametrize("name", ["shared", "apart"])
def test_restarted_head_loses_nothing(cluster: RayCluster, uninterrupted: Run, name: str) -> None:
    run = cluster.train(name, pause=0.3)
    until(lambda: steps_of(run) >= 4, "four steps")
    for node in (cluster.node, cluster.head):
        cluster.kill(node)
    until(lambda: status(run) == "queued", "it waits again")
    print(run.job)
    until(lambda: not workers(run), "the orphan's end")
    cluster.start_head()
    cluster.start_node()
    finished_equal(run, uninterrupted)
    assert len(lives(run)) == 2


@pytest.mark.parametrize("name", ["shared", "apart"])
def test_killed_driver_leaves_nothing_running(cluster: RayCluster, uninterrupted: Run, name: str) -> None:
    runs = [cluster.train(name, pause=0.3) for _ in range(3)]  # the third waits
    until(lambda: sum(steps_of(run) >= 4 for run in runs) == 2, "two train")
    for process in cluster.drivers(name)[:1]:
        process.kill()
    until(lambda: all(status(run) not in LIVE for run in runs), "the end of the jobs")
    print([(status(run), run.job) for run in runs])
    until(lambda: not any(workers(run) for run in runs), "the end of the workers")
    for run in runs:
        cluster.workbench("resume", run.id, "--on", name, "--detach")
    for run in runs:
        finished_equal(run, uninterrupted)


def test_cluster_that_is_gone_is_given_up(cluster: RayCluster, tmp_path: Path) -> None:
    described = tmp_path / "config" / "workbench" / "clusters.toml"
    described.write_text(
        described.read_text().replace("sync_seconds = 1\n", "sync_seconds = 1\nreconnect_seconds = 5\n")
    )
    run = cluster.train("shared", pause=0.3)
    until(lambda: steps_of(run) >= 4, "four steps")
    for node in (cluster.node, cluster.head):
        cluster.kill(node)
    until(lambda: status(run) not in LIVE, "the job is given up")
    print(status(run), run.job)
    assert status(run) in ("lost", "stopped")
    assert "not reached" in run.job.reason or "broke off" in run.job.reason  # type: ignore[union-attr]
    until(lambda: not workers(run))
    until(lambda: not cluster.spool("shared").driven(), "the end of the driver")


def test_stop_of_waiting_and_running_runs(cluster: RayCluster) -> None:
    runs = [cluster.train(name, pause=1.0) for name in ("shared", "apart", "shared", "apart")]
    until(lambda: sum(steps_of(run) >= 2 for run in runs) == 2, "two train")
    waiting = next(run for run in runs if status(run) == "queued")
    until(lambda: "free" in waiting.job.reason, "the reason of waiting")  # type: ignore[union-attr]
    print(waiting.job)
    for run in reversed(runs):
        cluster.workbench("stop", run.id)
    until(lambda: all(status(run) not in LIVE for run in runs))
    assert [status(run) for run in runs] == ["stopped"] * 4
    trained = [run for run in runs if run.last_file.exists()]
    assert len(trained) == 2
    assert not any(run.stop_file.exists() for run in runs)


def test_study_started_by_two_at_once(cluster: RayCluster) -> None:
    cluster.workbench(
        "study", "new", "grid", "toy", "--cells", "rnn,gru,lstm", "--seeds", "2",
        "--set", "train.max_steps=6", "--set", "task.pause=0.1",
    )  # fmt: skip
    command = [sys.executable, "-P", "-c", "from workbench.cli import main; main()", "study", "run", "grid"]
    both = [
        subprocess.Popen(
            [*command, "--on", name, "--detach"],
            env=cluster.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("shared", "apart")
    ]
    print([process.communicate() for process in both])
    runs = [Run(path) for path in sorted(cluster.runs.glob("grid-*"))]
    until(lambda: len(list(cluster.runs.glob("grid-*"))) == 6)
    runs = [Run(path) for path in sorted(cluster.runs.glob("grid-*"))]
    until(lambda: all(status(run) not in LIVE for run in runs), "the study's end")
    assert [status(run) for run in runs] == ["finished"] * 6
    assert [len(lives(run)) for run in runs] == [1] * 6
