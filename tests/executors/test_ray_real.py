"""A real Ray cluster of one node: a run on its folder, one that travels, and the probe. Faults: test_ray_faults.py."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from executors.ray_cluster import RayCluster, lives
from waiting import until

from workbench.runs.run import LIVE

_CHECK = (
    "import sys, json; from workbench.executors import clusters, jobs;"
    "print(json.dumps([*jobs.of(clusters.find(sys.argv[1])).check(sys.argv[2])]))"
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayCluster]:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'workbench-rnn[cluster]'")
    started = RayCluster(tmp_path_factory.mktemp("ray"))
    try:
        started.start_head()
        yield started
    finally:
        started.close()


def test_runs_on_a_shared_folder_and_on_a_copy_finish(cluster: RayCluster) -> None:
    runs = [cluster.train(name, steps=4, pause=0.0) for name in ("shared", "apart")]
    until(lambda: all(run.status() not in LIVE for run in runs), "their end")
    assert [run.status() for run in runs] == ["finished"] * 2, [(run.job, run.last_log_line()) for run in runs]
    assert all(len(lives(run)) == 1 and run.best_file.exists() and run.job and run.job.node for run in runs)
    until(lambda: not any(cluster.spool(name).driven() for name in ("shared", "apart")), "the drivers end")
    assert not list(cluster.scratch.glob("workbench-ray-*"))


def test_probe_answers_each_question(cluster: RayCluster, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", _CHECK, "shared", str(tmp_path / "runs")],
        capture_output=True,
        text=True,
        env=cluster.environment,
        check=True,
    )
    found = {question: (answer, good) for question, answer, good in json.loads(done.stdout)}
    assert [*found] == ["reached", "probe", "runs folder", "Python", "Workbench", "torch", "GPU"], found
    assert all(good for _, good in found.values())
    assert "sees it" in found["runs folder"][0]
