"""The batch script, run by bash: signals are passed on, exit codes handed back, jobs requeued."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from executors.fake_slurm import FakeSlurm
from waiting import until

from workbench.executors.clusters import SlurmCluster
from workbench.executors.slurm import script

_MINDER = """\
#!/bin/bash
trap 'echo USR1 >> {log}; exit 85' USR1
trap 'echo TERM >> {log}; exit 3' TERM
echo begun >> {log}
{body}
"""
_WAITS = "while true; do sleep 0.02; done"


class Batch:
    """A script with a stand-in for Python, run as Slurm runs it."""

    def __init__(
        self, folder: Path, body: str = _WAITS, environment: Mapping[str, str] = {}, **settings: object
    ) -> None:
        self.log = folder / "log"
        python = folder / "python"
        python.write_text(_MINDER.format(log=self.log, body=body))
        python.chmod(0o755)
        file = folder / "batch"
        file.write_bytes(script.training(SlurmCluster(python=str(python), **settings), "big", [folder / "run"]))
        env = {**os.environ, "SLURM_JOB_ID": "7", **environment}
        self.process = subprocess.Popen(["bash", file], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def begun(self) -> None:
        until(self.log.exists)

    @property
    def said(self) -> list[str]:
        return self.log.read_text().split()


@pytest.mark.parametrize("code", [0, 1, 137])
def test_the_exit_code_is_the_worker_s(tmp_path: Path, code: int) -> None:
    assert Batch(tmp_path, f"exit {code}").process.wait() == code


def test_a_signal_before_the_limit_is_passed_on_and_the_job_requeued(tmp_path: Path, slurm: FakeSlurm) -> None:
    batch = Batch(tmp_path)
    batch.begun()
    batch.process.send_signal(signal.SIGUSR1)
    assert batch.process.wait() == 0
    assert batch.said == ["begun", "USR1"]
    assert slurm.calls("scontrol") == [["requeue", "7"]]


def test_a_signal_as_the_worker_begins_is_passed_on(tmp_path: Path, slurm: FakeSlurm) -> None:
    log = tmp_path / "log"
    begun = f"until [ -e {log} ]; do sleep 0.02; done"
    signalled = f'trap \'if [ "$BASH_COMMAND" = "worker=\\$!" ]; then {begun}; kill -s USR1 $$; fi\' DEBUG'
    batch = Batch(tmp_path, setup=signalled)
    assert batch.process.wait(20) == 0
    assert batch.said == ["begun", "USR1"]
    assert slurm.calls("scontrol") == [["requeue", "7"]]


def test_a_job_is_requeued_whose_limit_came_before_its_worker_could_be_told(tmp_path: Path, slurm: FakeSlurm) -> None:
    assert Batch(tmp_path, "trap - USR1; kill -s USR1 $$").process.wait() == 0
    assert slurm.calls("scontrol") == [["requeue", "7"]]


def test_a_job_that_cannot_be_requeued_fails(tmp_path: Path, slurm: FakeSlurm) -> None:
    slurm.say("scontrol", error="Requested operation is presently disabled for job 7", code=1)
    assert Batch(tmp_path, "exit 85").process.wait() == 1


def test_sigterm_is_passed_on(tmp_path: Path, slurm: FakeSlurm) -> None:
    batch = Batch(tmp_path)
    batch.begun()
    batch.process.terminate()
    assert batch.process.wait() == 3
    assert not slurm.calls("scontrol")


def test_a_set_up_that_fails_ends_the_job_with_its_own_words(tmp_path: Path) -> None:
    batch = Batch(tmp_path, setup="true\nno-such-command  # by mistake")
    out, _ = batch.process.communicate()
    assert batch.process.returncode == 1
    assert b"no-such-command: command not found" in out.splitlines()[-1]
    assert not batch.log.exists()


def test_modules_and_set_up_come_before_the_worker(tmp_path: Path) -> None:
    log = tmp_path / "log"
    function = {"BASH_FUNC_module%%": f'() {{ echo "$@" >> {log}; }}'}  # as sites export it
    batch = Batch(tmp_path, "exit 0", function, modules=("cuda/12.1", "a b"), setup=f"echo set up >> {log}")
    assert batch.process.wait() == 0
    assert log.read_text().splitlines() == ["load cuda/12.1", "load a b", "set up", "begun"]


def test_a_container(tmp_path: Path) -> None:
    cluster = SlurmCluster(container="/images/torch 2.sif", gpus=1)
    text = script.training(cluster, "big", [tmp_path / "runs" / "one"]).decode()
    command = f"apptainer exec --nv --bind {tmp_path}/runs '/images/torch 2.sif' python3 -P -m"
    assert f"\n{command} workbench.executors.slurm.node" in text


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        *(("", 0), ("30", 1800), ("1:30", 90), ("2:00:00", 7200), ("1-0", 86400), ("1-2", 93600)),
        *(("1-2:30", 95400), ("1-2:30:15", 95415)),
    ],
)
def test_durations(duration: str, seconds: int) -> None:
    assert script.seconds(duration) == seconds


@pytest.mark.parametrize(("duration", "seconds"), [("", 120), ("10", 120), ("1", 30), ("0:01", 1)])
def test_the_notice_is_half_of_a_short_limit_at_most(duration: str, seconds: int) -> None:
    assert script.signal_seconds(SlurmCluster(time=duration)) == seconds
