"""A real Slurm: runs are trained through it, and the faults of clusters are tried on it, each for real."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from engine.toy_runs import toy, trained
from executors.slurm_here import hurried, node_down, nothing_starts, said, small_disk, whole, why_not
from safetensors.torch import load_file
from waiting import until

from workbench.executors import clusters, jobs
from workbench.executors.clusters import ClusterError, Named, SlurmCluster
from workbench.executors.slurm.executor import SlurmExecutor
from workbench.runs.events import Started, Stopped
from workbench.runs.folder import RunError
from workbench.runs.history import read_end, read_history
from workbench.runs.job_words import job_words
from workbench.runs.journal import Tail
from workbench.runs.run import LIVE, Run

pytestmark = [
    pytest.mark.skipif(bool(why_not()), reason=why_not()),
    pytest.mark.xdist_group("slurm"),
    pytest.mark.timeout(600),
]
HERE = Named("slurm", SlurmCluster())
SLOW = {"train.epochs": 40, "train.checkpoint_seconds": 0.5, "train.seed": 5}  # 480 steps


@pytest.fixture(autouse=True)
def no_description(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "user_file", lambda: tmp_path / "clusters.toml")


@pytest.fixture(autouse=True)
def nothing_stays(runs_folder: Path) -> Iterator[None]:
    yield
    subprocess.run(["scancel", f"--name={runs_folder.parent.name}", "--user=root"], capture_output=True)
    for run in runs_folder.glob("*/job.json"):
        job = Run(run.parent).job
        if job and job.live:
            subprocess.run(["scancel", job.id], capture_output=True)


def submit(*runs: Run, **settings: object) -> None:
    SlurmExecutor("slurm", SlurmCluster(**settings)).submit(runs)


def status(run: Run) -> str:
    """The status as a person sees it who has asked the cluster first."""
    jobs.refresh([run])
    return run.status()


def ends(run: Run) -> str:
    return until(lambda: (found := status(run)) not in LIVE and found, f"the end of {run.id}", 300)


def saved(run: Run) -> int:
    """The step of the last checkpoint; 0 before the first."""
    checkpoint = read_history(run.events_file).checkpoint
    return checkpoint.step if checkpoint else 0


def lives(run: Run) -> list[int]:
    """The steps from which the run's workers went on."""
    return [
        event.from_step for events in Tail(run.events_file).read_all() for event in events if isinstance(event, Started)
    ]


def tensors(value: object, at: str = "") -> dict[str, torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return {at: value}
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    return {key: found for name, part in pairs for key, found in tensors(part, f"{at}/{name}").items()}


def assert_equal_weights(run: Run, other: Run) -> None:
    """Best weights and the whole last state are equal, bit for bit."""
    for one, two in (
        (load_file(run.best_file), load_file(other.best_file)),
        *[[tensors(torch.load(each.last_file, weights_only=True)) for each in (run, other)]],
    ):
        assert one.keys() == two.keys()
        assert len(one) > 3
        assert [key for key in one if not torch.equal(one[key], two[key])] == []


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The slow run, trained in this process without a break."""
    run = toy(tmp_path_factory.mktemp("plain"), SLOW)
    trained(run)
    return run


def test_a_run_on_slurm_and_a_probe(runs_folder: Path) -> None:
    run = toy(runs_folder, {"train.max_steps": 4})
    submit(run)
    assert ends(run) == "finished"
    job = run.job
    assert job.node
    until(lambda: status(run) and not run.job.live, "the end of its job")
    assert lives(run) == [0]
    assert list((runs_folder / ".slurm").iterdir()) == []


@whole
def test_a_killed_worker_is_lost_and_goes_on(runs_folder: Path, uninterrupted: Run) -> None:
    run = toy(runs_folder, SLOW, pause=0.05)
    submit(run)
    until(lambda: saved(run) > 20, "a checkpoint")
    os.kill(next(event.pid for event in [read_history(run.events_file).started] if event), signal.SIGKILL)
    assert ends(run) == "lost"
    assert "was killed by SIGKILL" in run.job.reason
    print(run.job.reason)
    submit(run)
    assert ends(run) == "finished"
    assert lives(run)[0] == 0
    assert lives(run)[1] >= 20
    assert_equal_weights(run, uninterrupted)


@whole
def test_a_node_that_goes_down(runs_folder: Path, uninterrupted: Run) -> None:
    run = toy(runs_folder, SLOW, pause=0.05)
    submit(run)
    until(lambda: saved(run) > 20, "a checkpoint")
    first = run.job.node
    with node_down(first), hurried():
        until(lambda: status(run) == "queued", "the requeue")
        print(job_words(run.status(), run.job))
        until(lambda: len(lives(run)) > 1, "the second start")
        print(job_words(run.status(), run.job))
    assert ends(run) == "finished"
    assert lives(run)[1] >= 20
    assert_equal_weights(run, uninterrupted)


@whole
def test_the_time_limit(runs_folder: Path, uninterrupted: Run) -> None:
    run = toy(runs_folder, SLOW, pause=0.15)
    submit(run, time="1", signal_seconds=30)
    with hurried():
        assert ends(run) == "finished"
    assert len(lives(run)) > 1
    print(lives(run), job_words(run.status(), run.job))
    assert_equal_weights(run, uninterrupted)


@whole
@pytest.mark.parametrize("again", ["slurm", "here"])
def test_scancel_of_what_runs(runs_folder: Path, uninterrupted: Run, again: str) -> None:
    run = toy(runs_folder, SLOW, pause=0.05)
    submit(run)
    until(lambda: status(run) == "running" and read_history(run.events_file).step > 20, "some steps")
    said("scancel", run.job.id)
    assert ends(run) == "stopped"
    assert isinstance(read_end(run.events_file).ended, Stopped)
    if again == "slurm":
        submit(run)
        assert ends(run) == "finished"
    else:
        trained(run)
    assert lives(run)[1] > 20
    assert_equal_weights(run, uninterrupted)


@whole
def test_scancel_of_what_waits(runs_folder: Path) -> None:
    run = toy(runs_folder, {"train.max_steps": 4})
    with nothing_starts():
        submit(run)
        until(lambda: status(run) == "queued" and "PartitionDown" in run.job.reason, "the reason of its waiting")
        with pytest.raises(RunError, match="is waiting as Slurm job"):
            run.acquire_lock()
        said("scancel", run.job.id)
        assert ends(run) == "lost"
        print(run.job.reason)
        assert run.job.reason.endswith("was cancelled before it began.")
    submit(run)
    assert ends(run) == "finished"


@whole
def test_stop_of_what_waits_and_of_what_runs(runs_folder: Path) -> None:
    waits, runs = toy(runs_folder, {"train.max_steps": 4}), toy(runs_folder, SLOW, pause=0.05)
    submit(runs)
    until(lambda: status(runs) == "running", "the start")
    with nothing_starts():
        submit(waits)
        until(lambda: status(waits) == "queued")
        jobs.request_stop(waits)
        assert waits.status() == "stopped"
    jobs.request_stop(runs)
    assert ends(runs) == "stopped"
    time.sleep(1)
    assert said("squeue", "-h", "-j", runs.job.id, "-t", "PD,R") == ""


@whole
def test_a_controller_that_is_stopped(runs_folder: Path) -> None:
    run = toy(runs_folder, SLOW, pause=0.1)
    submit(run)
    until(lambda: saved(run) > 5, "a checkpoint")
    said("scontrol", "shutdown", "slurmctld")
    try:
        before = run.job
        assert status(run) == "running"
        assert run.job == before
        with pytest.raises(ClusterError) as error:
            submit(toy(runs_folder, {"train.max_steps": 4}))
        print(error.value)
    finally:
        subprocess.run(["slurmctld"], check=True)
    until(lambda: not why_not(), "the controller")
    assert ends(run) == "finished"
    assert lives(run) == [0]


@whole
def test_a_full_runs_folder(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    with small_disk(folder, "1m"):
        run = toy(folder, SLOW, pause=0.05)
        submit(run)
        until(lambda: saved(run) > 20, "a checkpoint")
        with (folder / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError, match="No space"):  # noqa: PT012
            while True:
                filler.write(bytes(4096))
        assert ends(run) in ("failed", "lost")
        ended = read_history(run.events_file).ended
        print(run.status(), getattr(ended, "message", ""), run.job.reason)
        step = saved(run)
        until(lambda: status(run) and not run.job.live, "the end of its job")
        (folder / "filler").unlink()
        submit(run)
        assert ends(run) == "finished"
        assert lives(run)[-1] >= step
        until(lambda: status(run) and not run.job.live, "the end of its job")


@whole
def test_two_people_start_the_same_study(runs_folder: Path, workbench: object) -> None:
    assert callable(workbench)
    made = workbench("study", "new", "two", "toy", "--cells", "rnn", "--seeds", 6, "--set", "train.max_steps=4")
    assert made.returncode == 0, made.stderr
    told: list[str] = []

    def start() -> None:
        told.append(workbench("study", "run", "two", "--on", "slurm", "--detach").stderr)

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(*told)
    runs = [Run(runs_folder / f"two-0{number}") for number in range(1, 7)]
    assert [ends(run) for run in runs] == ["finished"] * 6
    assert [lives(run) for run in runs] == [[0]] * 6
    assert len({run.job.id.partition("_")[0] for run in runs}) == 1


@whole
def test_fifty_short_runs(runs_folder: Path) -> None:
    runs = [toy(runs_folder, {"train.max_steps": 4, "train.seed": seed}) for seed in range(50)]
    submit(*runs)
    until(lambda: jobs.refresh(runs) or all(run.status() not in LIVE for run in runs), "the end of fifty runs", 500)
    assert {run.status() for run in runs} == {"finished"}
    assert [lives(run) for run in runs] == [[0]] * 50


@whole
def test_a_job_that_fails_before_its_worker(runs_folder: Path) -> None:
    run = toy(runs_folder, {"train.max_steps": 4})
    submit(run, modules=("no/such",), setup="unset -f module")
    assert ends(run) == "lost"
    print(run.job.reason)
    assert run.job.reason.endswith("module: command not found.")
