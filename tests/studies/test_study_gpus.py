"""A study on a machine with GPUs: its runs are spread over them, and a killed queue's worker keeps its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from fake_workers import Workers
from fake_workers import workers as workers
from made_studies import append, group, made, toy_plan
from runs import event_makers
from waiting import until

from workbench.executors import local
from workbench.executors.local import Gpu
from workbench.studies.queue import Orders, Queue


@pytest.fixture
def three_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Gpu(f"GPU-{number}e-ab", f"GPU {number}") for number in range(3)]
    monkeypatch.setattr(local, "visible_gpus", lambda: found)


@pytest.mark.parametrize("by", ["its variables", "its command line"])
def test_runs_are_spread_over_the_gpus_and_a_killed_queues_worker_keeps_its_own(
    runs_folder: Path, workers: Workers, three_gpus: None, by: str
) -> None:
    study = made(runs_folder, toy_plan(group("rnn"), values={"train.device": "auto"}, seeds=5))
    run = study.begin(1)
    worker = workers.start(run)
    told = [] if by == "its variables" else ["GPU-1e-ab"]
    process = subprocess.Popen(
        [sys.executable, "-c", "input()", str(run.path), *told],
        stdin=subprocess.PIPE,
        env=os.environ | ({} if told else {"CUDA_VISIBLE_DEVICES": "GPU-1e-ab"}),
    )
    try:
        here = msgspec.structs.replace(event_makers.started(), host=socket.gethostname())
        append(run, msgspec.structs.replace(here, pid=process.pid, time=time.time()))
        until(lambda: local.device_of(run) == "GPU-1e-ab", "the process has its command line")
        assert Queue(study, Orders()).work()
    finally:
        process.communicate(b"\n")
        worker.end()
    assert [(name, gpu) for name, gpu, _ in workers.started[1:]] == [("grid-02", "GPU-0e-ab"), ("grid-03", "GPU-2e-ab")]
    assert local.device_of(run) == ""
    assert local.device_of(study.run(5)) == ""


def test_the_log_names_the_gpu_of_each_run(runs_folder: Path, workers: Workers, three_gpus: None, capsys) -> None:
    study = made(runs_folder, toy_plan(group("rnn", grid={"train.device": ["cpu", "cuda"]}), values={"lr": 0.1}))
    assert Queue(study, Orders()).work()
    assert [gpu for _, gpu, _ in workers.started] == ["", "GPU-0e-ab"]
    assert capsys.readouterr().out.rstrip().endswith("begins on GPU 0.")
