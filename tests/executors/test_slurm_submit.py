"""Submission to Slurm, what is asked about it later, and its taking back; with commands that only answer."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from executors.fake_slurm import FakeSlurm, option
from runs import event_makers as make

from workbench.config import spec
from workbench.executors.clusters import ClusterError, SlurmCluster
from workbench.executors.slurm.executor import SlurmExecutor
from workbench.runs import job as jobs
from workbench.runs import store
from workbench.runs.events import Event, encode
from workbench.runs.folder import RunError
from workbench.runs.job import Job
from workbench.runs.run import Run

UNREACHABLE = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"


def created(folder: Path, *names: str, **values: object) -> list[Run]:
    described = spec.make("toy", "rnn", values)
    return [store.create(folder, described, name=name) for name in names]


def executor(**settings: object) -> SlurmExecutor:
    return SlurmExecutor("big", msgspec.convert(settings, SlurmCluster))


def put(run: Run, **values: object) -> Job:
    """Give a run a job that was submitted a minute ago."""
    facts = {"executor": "slurm", "cluster": "big", "id": "7", "submitted": time.time() - 60} | values
    written = msgspec.convert(facts, Job)
    jobs.write(run.job_file, written)
    return written


def write(run: Run, *events: Event) -> None:
    run.events_file.write_bytes(b"".join(encode(msgspec.structs.replace(e, time=time.time())) for e in events))


def test_one_submission_for_all_runs(runs_folder: Path, slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "5")  # of a job in which the command itself may run
    runs = created(runs_folder, "grid-01", "grid-02", "grid-03")
    executor(time="0:30", memory="4G", cpus=2, gpus=1, partition="gpu", options=["--exclude=n9"]).submit(
        runs, at_once=2
    )
    (words,) = slurm.calls("sbatch")
    assert {name: option(words, name) for name in ("array", "job-name", "time", "mem", "cpus-per-task", "gres")} == {
        "array": "0-2%2",
        "job-name": "grid",
        "time": "0:30",
        "mem": "4G",
        "cpus-per-task": "2",
        "gres": "gpu:1",
    }
    assert {"--requeue", "--open-mode=append", "--signal=B:USR1@15", "--partition=gpu", "--exclude=n9"} <= {*words}
    assert option(words, "output") == f"{runs_folder}/.slurm/%A_%a.log"
    assert slurm.leaked_task == "none"
    assert [run.job.id for run in runs if run.job] == ["7_0", "7_1", "7_2"]
    assert {run.status() for run in runs} == {"queued"}
    assert not any(run.alive() for run in runs)


def test_a_single_run_is_no_array(runs_folder: Path, slurm: FakeSlurm) -> None:
    (run,) = created(runs_folder, "one")
    executor().submit([run])
    (words,) = slurm.calls("sbatch")
    assert option(words, "array") == ""
    assert option(words, "signal") == "B:USR1@120"
    assert option(words, "output") == f"{runs_folder}/.slurm/%j.log"
    assert run.job == Job(executor="slurm", cluster="big", id="7", submitted=run.job.submitted, seen=run.job.submitted)


def test_large_studies_are_cut_as_slurm_wants(runs_folder: Path, slurm: FakeSlurm) -> None:
    slurm.say("scontrol", "MaxArraySize            = 2\n")
    runs = created(runs_folder, *(f"grid-{number}" for number in range(5)))
    executor(at_once=1).submit(runs)
    calls = slurm.calls("sbatch")
    assert [option(words, "array") for words in calls] == ["0-1%1", "0-1%1", ""]
    assert [option(words, "dependency") for words in calls] == ["", "afterany:7", "afterany:7"]


def test_names_that_a_shell_would_read(runs_folder: Path, slurm: FakeSlurm, tmp_path: Path) -> None:
    names = ["it's $HOME", 'a `b` "c"', "\u96ea %j", "-n"]
    runs = created(runs_folder / "more * runs", *names)
    said = tmp_path / "python"
    said.write_text('#!/bin/bash\nprintf "%s\\n" "${@: -2}"\n')
    said.chmod(0o755)
    executor(python=str(said)).submit(runs)
    told = [
        subprocess.run(
            ["bash", slurm.script], env={**os.environ, "SLURM_ARRAY_TASK_ID": str(at)}, capture_output=True, text=True
        ).stdout
        for at in range(len(runs))
    ]
    assert told == [f"{run.path}\nbig\n" for run in runs]


def test_a_run_that_another_process_has_is_left_out(runs_folder: Path, slurm: FakeSlurm) -> None:
    runs = created(runs_folder, "grid-01", "grid-02")
    with closing(runs[0].acquire_lock()):
        executor().submit(runs)
        assert runs[0].job is None
        assert runs[1].job.id == "7"
        with pytest.raises(RunError, match="already running"):
            executor().submit(runs[:1])
    with pytest.raises(RunError, match="is waiting as Slurm job 7"):
        executor().submit(runs[1:])


@pytest.mark.parametrize(
    ("error", "why"),
    [
        ("sbatch: error: Batch job submission failed: Invalid account or account/partition", "Invalid account"),
        ("sbatch: error: Unable to contact slurm controller (connect failure)", "Unable to contact slurm controller"),
    ],
)
def test_a_refusal_is_one_sentence(runs_folder: Path, slurm: FakeSlurm, error: str, why: str) -> None:
    slurm.say("sbatch", error=error, code=1)
    (run,) = created(runs_folder, "one")
    with pytest.raises(ClusterError, match=f"Slurm refuses sbatch: .*{why}") as caught:
        executor().submit([run])
    assert "\n" not in str(caught.value)
    assert run.job is None
    assert not run.alive()


def test_a_job_whose_run_cannot_be_written_is_taken_back(
    runs_folder: Path, slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    (run,) = created(runs_folder, "one")
    monkeypatch.setattr(jobs, "write", full)
    with pytest.raises(ClusterError, match=r"Slurm job 7 was taken back: .*No space left on device"):
        executor().submit([run])
    assert slurm.calls("scancel") == [["7"]]
    assert not run.alive()


@pytest.mark.parametrize(
    ("line", "status", "reason", "node"),
    [
        ("7|PENDING|Priority||1:00|0", "queued", "Priority (other jobs come first)", ""),
        ("7|CONFIGURING|None|n1|1:00|0", "starting", "", "n1"),
        ("7|RUNNING|None|n1|1:00|0", "starting", "", "n1"),
        ("7|SUSPENDED|None|n1|1:00|0", "starting", "", "n1"),
    ],
)
def test_live_jobs(runs_folder: Path, slurm: FakeSlurm, line: str, status: str, reason: str, node: str) -> None:
    (run,) = created(runs_folder, "one")
    put(run)
    slurm.say("squeue", f"{line}\n")
    executor().refresh([run])
    assert (run.status(), run.job.reason, run.job.node) == (status, reason, node)


def test_a_job_that_is_as_it_was_is_not_written_again(runs_folder: Path, slurm: FakeSlurm) -> None:
    (run,) = created(runs_folder, "one")
    put(run, reason="Priority (other jobs come first)", seen=time.time() - 10)
    before = run.job_file.stat().st_mtime_ns
    slurm.say("squeue", "7|PENDING|Priority||1:00|0\n")
    executor().refresh([run])
    assert run.job_file.stat().st_mtime_ns == before
    put(run, reason="Priority (other jobs come first)", seen=time.time() - 100)
    executor().refresh([run])
    assert time.time() - run.job.seen < 60


def test_a_scheduler_that_cannot_be_reached_changes_nothing(runs_folder: Path, slurm: FakeSlurm) -> None:
    (run,) = created(runs_folder, "one")
    before = put(run)
    slurm.say("squeue", error=UNREACHABLE, code=1)
    with pytest.raises(ClusterError):
        executor().refresh([run])
    assert run.job == before


def test_a_run_that_cannot_be_written_holds_up_no_other(
    runs_folder: Path, slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, own = created(runs_folder, "closed", "own")
    put(closed, id="7_0")
    put(own, id="7_1")
    write_job = jobs.write

    def write_own(path: Path, job: Job) -> None:
        if path == closed.job_file:
            raise PermissionError(13, "Permission denied", str(path))
        write_job(path, job)

    monkeypatch.setattr(jobs, "write", write_own)
    slurm.say("squeue", "7_0|RUNNING|None|n1|1:00|0\n7_1|RUNNING|None|n1|1:00|0\n")
    executor().refresh([closed, own])
    assert (closed.job.state, own.job.state) == ("queued", "running")


def test_jobs_that_slurm_ended_say_why(runs_folder: Path, slurm: FakeSlurm) -> None:
    runs = created(runs_folder, "killed", "finished", "unborn", "forgotten", "vanished")
    killed, finished, unborn, forgotten, vanished = runs
    for number, run in enumerate((killed, finished, unborn)):
        put(run, id=f"7_{number}", state="running" if number < 2 else "queued")
    put(forgotten, id="9", state="running")
    put(vanished, id="10", state="running")
    write(vanished, make.started(), make.step(3))
    write(killed, make.started(), make.step(3))
    write(finished, make.started(), make.finished(3))
    (runs_folder / ".slurm").mkdir()
    (runs_folder / ".slurm" / "7_2.log").write_text("\nslurm_script: line 8: module: command not found\n")
    slurm.say("squeue", "7_0|TIMEOUT|TimeLimit|n1|1:00|0\n7_1|COMPLETED|None|n1|1:00|0\n7_2|FAILED|None|n2|1:00|0\n")
    slurm.say(
        "scontrol",
        "JobId=7 ArrayJobId=7 ArrayTaskId=0 JobState=TIMEOUT ExitCode=0:15 TimeLimit=00:01:00 NodeList=n1\n"
        "JobId=8 ArrayJobId=7 ArrayTaskId=1 JobState=COMPLETED ExitCode=0:0 TimeLimit=00:01:00 NodeList=n1\n"
        "JobId=9 ArrayJobId=7 ArrayTaskId=2 JobState=FAILED ExitCode=1:0 TimeLimit=00:01:00 NodeList=n2\n",
    )
    executor().refresh(runs)
    assert len(slurm.calls("squeue")) == 1
    assert [run.status() for run in runs] == ["lost", "finished", "lost", "lost", "lost"]
    assert [run.job.reason for run in runs] == [
        "Slurm ended job 7_0 on n1 at its time limit of 00:01:00: set time in [clusters.big] for a longer one.",
        "",
        "Slurm job 7_2 ended on n2 with exit code 1 before its worker began: slurm_script: line 8: module: command "
        "not found.",
        "Slurm no longer knows job 9, and no worker of it has begun.",
        "Slurm no longer knows job 10, and its worker left no end.",
    ]


def test_a_waiting_job_is_taken_back(runs_folder: Path, slurm: FakeSlurm) -> None:
    (run,) = created(runs_folder, "one")
    put(run)
    slurm.say("squeue", "7|CANCELLED|None||1:00|0\n")
    executor().cancel([run])
    assert slurm.calls("scancel") == [["--state=PENDING", "7"]]
    assert run.status() == "stopped"


def test_a_job_that_began_meanwhile_is_asked_to_stop(runs_folder: Path, slurm: FakeSlurm) -> None:
    (run,) = created(runs_folder, "one")
    put(run)
    slurm.say("squeue", "7|RUNNING|None|n1|1:00|0\n")
    executor().cancel([run])
    assert run.stop_requested()
    assert run.status() == "stopping"


def test_a_job_of_another_user_stays(runs_folder: Path, slurm: FakeSlurm) -> None:
    (run,) = created(runs_folder, "one")
    put(run)
    slurm.say("scancel", error="scancel: error: Kill job error on job id 7: Access/permission denied", code=1)
    slurm.say("squeue", "7|PENDING|Priority||1:00|0\n")
    with pytest.raises(ClusterError, match="Access/permission denied"):
        executor().cancel([run])
    assert run.status() == "queued"
