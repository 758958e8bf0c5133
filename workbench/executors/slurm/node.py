"""Minding of a worker in a job of Slurm's: ``python -P -m workbench.executors.slurm.node RUN_DIR CLUSTER``.

It starts the run's worker and keeps the run's ``job.json``. Where the job is about to end (USR1 before the time limit,
SIGTERM before a preemption) it asks the worker for a checkpoint and ends with ``script.REQUEUE``, so that the batch
shell requeues the job; a person's stop and ``scancel`` end it for good. No torch.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import workbench.descriptors  # noqa: F401  before any file is opened

# isort: split
import msgspec

from tasks.base import PlainError
from workbench.config.threads import openmp_threads
from workbench.executors.slurm.script import LOGS, REQUEUE, UNTOLD
from workbench.runs import job as jobs
from workbench.runs import launch
from workbench.runs.events import Failed, Finished, Stopped
from workbench.runs.folder import RunError, open_regular
from workbench.runs.history import read_end
from workbench.runs.job import Job
from workbench.runs.run import Run

_NAMED_SECONDS = 30.0  # until the submitting side has written the job into the run
_FREE_SECONDS = 120.0  # until a worker of an earlier life, on a node that was given up, is gone
_POLL_SECONDS = 0.5


class Minder:
    """Worker of one run in one job, from its start to its end.

    Args:
        run: that is trained.
        job: id of the job.
        cluster: name of the cluster.
        signals: that have arrived; a handler appends to them.
        named_seconds: for which the submitting side is waited for.
    """

    def __init__(
        self,
        run: Run,
        job: str,
        cluster: str,
        signals: list[int],
        *,
        named_seconds: float = _NAMED_SECONDS,
        free_seconds: float = _FREE_SECONDS,
    ) -> None:
        self._run, self._id, self._cluster, self._signals = run, job, cluster, signals
        self._named_seconds, self._free_seconds = named_seconds, free_seconds
        self._asked = ""  # "requeue" or "end", once Slurm has asked for an end; "stop" where a person was faster
        self._since = time.time()

    def work(self) -> int:
        """Train the run as far as the job lets.

        Returns:
            the exit code of the job: the worker's; ``REQUEUE`` where it is to go on later.

        Raises:
            PlainError, OSError: no worker could be started; the job says so.
        """
        mine = self._own_job()
        if mine is None:
            print(f"Run {self._run.id} is another job's by now: nothing is done.", file=sys.stderr)
            return 0
        if isinstance(read_end(self._run.events_file).ended, Finished):
            self._write(mine, state="ended", reason="")
            return 0
        node = os.environ.get("SLURMD_NODENAME") or socket.gethostname()
        requeues = int(os.environ.get("SLURM_RESTART_COUNT") or 0)
        if requeues:
            self._drop_stop()  # an earlier life was asked
        mine = self._write(mine, state="running", reason="", node=node, requeues=requeues, started=self._since)
        try:
            self._wait_until_free()
            if self._run.stop_requested():  # a worker would take it for an earlier one's
                self._drop_stop()
                self._write(mine, state="ended", reason="")
                return 0
            worker = launch.start(self._run, threads=_threads(self._run), own_job=self._id)
        except (PlainError, OSError) as error:
            reason = "" if self._run.trains() else str(error)
            self._write(mine, state="ended", reason=reason)
            raise
        self._clear_log()
        self._mind(worker)
        return self._end(mine, worker.returncode)

    def _own_job(self) -> Job | None:
        """Return the run's job once it names this one; ``None`` where the run has become another job's."""
        deadline = time.monotonic() + self._named_seconds
        while True:
            found = self._run.job
            if found and found.id == self._id:
                return found
            if time.monotonic() >= deadline or self._signals:
                break
            time.sleep(0.1)
        if found and found.live:
            return None
        # the submitting side was killed in between, or an administrator submitted the script anew
        now = time.time()
        return Job(executor="slurm", cluster=self._cluster, id=self._id, submitted=now, seen=now)

    def _wait_until_free(self) -> None:
        deadline = time.monotonic() + self._free_seconds
        while self._run.trains() and time.monotonic() < deadline and not self._signals:
            time.sleep(0.1)

    def _drop_stop(self) -> None:
        with suppress(OSError):
            self._run.stop_file.unlink(missing_ok=True)

    def _mind(self, worker: subprocess.Popen[bytes]) -> None:
        """Wait for the worker's end, and ask it for that where Slurm has asked."""
        while worker.poll() is None:
            if self._signals and not self._asked:
                self._ask()
            with suppress(subprocess.TimeoutExpired):
                worker.wait(_POLL_SECONDS)
        if signal.SIGTERM in self._signals and not self._asked:  # reaches the worker too; USR1 does not: it was a stop
            self._asked = self._wish()

    def _ask(self) -> None:
        user = self._run.stop_requested() and signal.SIGTERM not in self._signals
        self._asked = "stop" if user else self._wish()
        with suppress(PlainError, OSError):  # it has ended meanwhile; a full disk: Slurm's own signal must do
            self._run.request_stop()

    def _wish(self) -> str:
        """Return whether the job is to go on later: it is told of its limit, or signalled while it runs.

        A job that was cancelled is no longer running when its processes are signalled.
        """
        if signal.SIGUSR1 in self._signals:
            return "requeue"
        return "requeue" if _job_state(self._id) in ("RUNNING", "TimeLimit") else "end"

    def _end(self, mine: Job, code: int) -> int:
        ended = read_end(self._run.events_file).ended
        if ended and ended.time < self._since:
            ended = None
        if isinstance(ended, Finished | Failed) or (isinstance(ended, Stopped) and self._asked in ("", "stop")):
            self._write(mine, state="ended", reason="")
        elif self._asked == "requeue":
            self._write(mine, state="queued", reason="requeued", node="")
            return REQUEUE
        elif self._asked != "end":
            self._write(mine, state="ended", reason=self._death(mine, code))
        # else Slurm ends or requeues it, and is asked which
        code = code if code >= 0 else 128 - code
        return 1 if code == UNTOLD else code  # that one would have the job requeued

    def _death(self, mine: Job, code: int) -> str:
        """Return one sentence on a worker that left no end in the events."""
        if code >= 0:
            line = self._run.last_log_line().rstrip(".")
            return f"The worker of {mine.place} ended with exit code {code}{f': {line}' * bool(line)}."
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        memory = ", as where memory runs out: set memory in the cluster's description for more"
        return f"The worker of {mine.place} was killed by {name}{memory * (-code == signal.SIGKILL)}."

    def _write(self, mine: Job, **changes: object) -> Job:
        """Write the run's job, unless the run has become another job's."""
        fresh = msgspec.structs.replace(mine, seen=time.time(), **changes)
        found = self._run.job
        if found is None or found.id == self._id or not found.live:
            jobs.write(self._run.job_file, fresh)
        return fresh

    def _clear_log(self) -> None:
        """Move what the job has printed so far into the worker's log: its own is for jobs without a worker."""
        log = self._run.path.parent / LOGS / f"{self._id}.log"
        with suppress(OSError, RunError):
            printed = log.read_bytes()
            if printed:
                with open_regular(self._run.log_file, "ab") as own:
                    own.write(printed)
            log.unlink()


def own_id() -> str:
    """Return the id of the job that this process is part of, as squeue prints it; empty outside of one."""
    get = os.environ.get
    if (array := get("SLURM_ARRAY_JOB_ID")) and (task := get("SLURM_ARRAY_TASK_ID")):
        return f"{array}_{task}"
    return get("SLURM_JOB_ID", "")


def _threads(run: Run) -> int:
    """Return the threads of each of a run's processes: the CPUs that Slurm gave; 0 where the environment says."""
    given = os.environ.get("SLURM_CPUS_PER_TASK") or os.environ.get("SLURM_CPUS_ON_NODE") or "0"
    if openmp_threads() or not given.isdecimal():
        return 0
    return max(1, int(given) // run.spec.train.processes) if int(given) else 0


def _job_state(job: str) -> str:
    """Return the state of a job, or ``TimeLimit`` of one that ends for that; empty where Slurm cannot be asked."""
    try:
        done = subprocess.run(
            ["scontrol", "show", "job", "--oneliner", job], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    words = done.stdout.split()
    if "Reason=TimeLimit" in words:
        return "TimeLimit"
    return next((word.partition("=")[2] for word in words if word.startswith("JobState=")), "")


def main() -> int:
    """Mind the worker of the run named on the command line; return the exit code of the job."""
    if len(sys.argv) != 3:
        print("usage: python -P -m workbench.executors.slurm.node RUN_DIR CLUSTER", file=sys.stderr)
        return 2
    signals: list[int] = []
    for number in (signal.SIGUSR1, signal.SIGTERM):
        signal.signal(number, lambda received, _: signals.append(received))
    try:
        return Minder(Run(Path(sys.argv[1]).absolute()), own_id(), sys.argv[2], signals).work()
    except (PlainError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
