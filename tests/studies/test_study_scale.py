"""Cost of a study as it grows, by what is read, asked and held: never by the clock."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_cluster import FakeCluster, put
from made_studies import append, finish, group, made, toy_plan
from runs import event_makers

from workbench.executors import jobs
from workbench.runs import monitor
from workbench.runs.run import Run
from workbench.tui.studies.study_catalogue import StudyCatalogue

_BENCH = Path(__file__).parent.parent.parent / "bench" / "studies.py"
_PROCESSOR, _MEGABYTES = 5.0, 200.0  # of a study of 100 runs that is made and handed over


def test_a_hundred_queued_runs_cost_the_submitting_side_little(tmp_path: Path) -> None:
    command = [sys.executable, str(_BENCH), "--submit", "100", str(tmp_path / "runs")]
    told = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=100).stdout)
    assert told["processor"] < _PROCESSOR
    assert told["megabytes"] < _MEGABYTES
    assert len(list((tmp_path / "runs").glob("big-*/job.json"))) == 100


def test_a_scan_reads_again_only_the_runs_whose_files_changed(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = made(runs_folder, toy_plan(group("rnn"), seeds=12))
    for number in range(1, 5):
        finish(study, number, {"accuracy": 0.5})
    for number in range(5, 9):
        put(study.begin(number))
    append(study.begin(9), event_makers.started())
    asked: list[str] = []
    real = monitor.read_and_summarize
    monkeypatch.setattr(monitor, "read_and_summarize", lambda run, read: (asked.append(run.id), real(run, read))[1])
    catalogue = StudyCatalogue(runs_folder)
    (first,) = catalogue.scan("")
    assert len(asked) == 9
    (second,) = catalogue.scan("")
    assert len(asked) == 9
    assert second.counts == first.counts == {"finished": 4, "queued": 4, "lost": 1, "waiting": 3}
    put(study.run(5), state="running", node="n1")
    put(study.run(1))  # a finished one that is handed over again is finished
    catalogue.scan("")
    assert asked[9:] == ["grid-01", "grid-05"]


def test_many_jobs_are_asked_about_less_often(runs_folder: Path, fake_cluster: FakeCluster) -> None:
    study = made(runs_folder, toy_plan(group("rnn"), seeds=10))
    runs: list[Run] = [study.begin(number) for number in range(1, 11)]
    seen = time.time() - jobs.EVERY_SECONDS - 1
    for run in runs:
        put(run, seen=seen)
    jobs.refresh(runs * 60)  # as if they were 600, of which each was asked about three seconds ago
    assert fake_cluster.asked == []
    jobs.refresh(runs)
    assert fake_cluster.asked == [[run.id for run in runs]]
