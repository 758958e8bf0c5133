"""Starting of workers through Slurm: one array job for all runs of a submission. No torch."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path

import msgspec

from tasks.base import PlainError
from workbench.executors.clusters import ClusterError, SlurmCluster
from workbench.executors.contract import Finding
from workbench.executors.slurm import commands, script, states, words
from workbench.executors.slurm.commands import Refused
from workbench.executors.slurm.script import LOGS
from workbench.executors.slurm.states import State
from workbench.runs import job as jobs
from workbench.runs.folder import RunError
from workbench.runs.history import read_end
from workbench.runs.job import Job
from workbench.runs.lock import Lock
from workbench.runs.run import Run

_MOST = 500  # runs of one job: each is locked, with an open file, until Slurm has taken it
_LOG_END = 4096  # bytes of a job's log
_SEEN_EVERY = 60.0  # seconds between two writings of a job that is as it was


class SlurmExecutor:
    """Cluster of Slurm."""

    def __init__(self, name: str, cluster: SlurmCluster) -> None:
        self._name, self._cluster = name, cluster

    def submit(self, runs: Sequence[Run], *, at_once: int = 0) -> None:
        most = min(_MOST, commands.largest_array()) if len(runs) > 1 else 1
        kinds = groupby(sorted(runs, key=_processes), _processes)
        at_once = at_once or self._cluster.at_once
        for processes, group in kinds:
            every = list(group)
            before = ""  # jobs of limited width come one after the other
            for at in range(0, len(every), most):
                before = self._submit(every[at : at + most], processes, at_once, before if at_once else "")

    def refresh(self, runs: Sequence[Run]) -> None:
        now = time.time()
        live = {run: job for run in runs if (job := run.job) and job.live}
        found = states.ask(job.id for job in live.values())
        gone = [job.id for job in live.values() if job.id not in found or found[job.id].ended]
        ended = states.ends(gone) if gone else {}
        for run, job in live.items():
            with suppress(RunError, OSError):  # another user's, or a damaged one, holds up no other
                self._write_down(run, job, found.get(job.id), ended.get(job.id), now)

    def _write_down(self, run: Run, job: Job, state: State | None, ended: State | None, now: float) -> None:
        """Write down what Slurm says of a run's job.

        Args:
            state: as squeue has it.
            ended: as the accounting or the controller has one that squeue no longer has, or has as ended.

        Raises:
            RunError, OSError: the run cannot be read or written.
        """
        if state is None or state.ended:
            state = ended or state
            if state and not state.ended:  # it went on between the two questions
                return
            fresh = msgspec.structs.replace(job, state="ended", reason=self._ending(run, job, state), seen=now)
        else:
            fresh = _live(job, state, now)
        if fresh != job and run.job == job:  # its node writes too
            jobs.write(run.job_file, fresh)

    def cancel(self, runs: Sequence[Run]) -> None:
        given = {run: job for run in runs if (job := run.job)}
        every = list(given.items())
        refusal: Refused | None = None
        for at in range(0, len(every), _MOST):
            try:
                commands.about_jobs("scancel", "--state=PENDING", *(job.id for _, job in every[at : at + _MOST]))
            except Refused as error:  # one may have begun, or be gone
                refusal = error
        states_now = states.ask([job.id for job in given.values()])
        now, waits = time.time(), []
        for run, job in given.items():
            state = states_now.get(job.id)
            if state is None or state.ended:
                jobs.write(run.job_file, msgspec.structs.replace(job, state="ended", reason="", seen=now))
            elif state.waits:
                waits.append(job.id)
            else:
                jobs.write(run.job_file, _live(job, state, now))
                with suppress(RunError):  # it has ended meanwhile
                    run.request_stop()
        if waits:
            raise refusal or ClusterError(f"Slurm does not give up job {waits[0]}: it waits on.")

    def check(self, runs_folder: str) -> Generator[Finding]:
        from workbench.executors.slurm.check import check

        return check(self._name, self._cluster, Path(runs_folder))

    def _submit(self, runs: Sequence[Run], processes: int, at_once: int, after: str) -> str:
        """Submit one job for runs of one folder, and return its id; runs that another process has are left out."""
        mine: dict[Run, Lock] = {}
        try:
            for run in runs:
                try:
                    mine[run] = run.acquire_lock()
                except RunError:
                    if len(runs) == 1:
                        raise
            if not mine:
                raise ClusterError("Others have begun all of these runs meanwhile.")
            job = self._hand_over(list(mine), processes, at_once, after)
            self._name_job(job, mine)
            return job
        finally:
            for lock in mine.values():
                lock.close()

    def _hand_over(self, runs: Sequence[Run], processes: int, at_once: int, after: str) -> str:
        """Give Slurm the job that trains runs, and return its id."""
        folder = runs[0].path.parent
        make_logs(folder)
        options = script.options(
            self._cluster,
            folder,
            name=_job_name(runs),
            count=len(runs),
            at_once=at_once,
            processes=processes,
            after=after,
        )
        given = script.training(self._cluster, self._name, [run.path for run in runs])
        return commands.submit(options, given)

    def _name_job(self, job: str, runs: dict[Run, Lock]) -> None:
        """Write the job into its runs, and let each go, so that its node may begin."""
        now = time.time()
        several = len(runs) > 1
        for number, run in enumerate(list(runs)):
            task = f"{job}_{number}" if several else job
            try:
                jobs.write(run.job_file, Job(executor="slurm", cluster=self._name, id=task, submitted=now, seen=now))
            except OSError as error:
                with suppress(PlainError):
                    commands.call("scancel", job)
                raise ClusterError(
                    f"Slurm job {job} was taken back: {run.job_file} cannot be written: {error.strerror}."
                ) from None
            runs.pop(run).close()

    def _ending(self, run: Run, job: Job, state: State | None) -> str:
        """Return why a job is gone; empty where the run's events tell."""
        last = read_end(run.events_file)
        since = job.started or job.submitted
        if last.ended and last.ended.time >= since:
            return ""
        began = not last.empty and run.events_file.stat().st_mtime >= since
        if state is None:
            left = "its worker left no end" if began else "no worker of it has begun"
            return f"Slurm no longer knows job {job.id}, and {left}."
        line = "" if began else _last_line(run.path.parent / LOGS / f"{job.id}.log")
        return words.ending(job.id, self._name, state, began=began, last_line=line)


def _live(job: Job, state: State, now: float) -> Job:
    """Return a job that Slurm still has, as it has it now; as it was where nothing has changed for a while."""
    if state.waits:
        fresh = msgspec.structs.replace(job, state="queued", reason=words.waiting(state.reason), node="")
    else:
        node = state.node or job.node
        began = job.started if job.state == "running" and job.started else now
        fresh = msgspec.structs.replace(job, state="running", reason="", node=node, started=began)
    if fresh == job and 0 <= now - job.seen < _SEEN_EVERY:
        return job
    return msgspec.structs.replace(fresh, seen=now)


def _processes(run: Run) -> int:
    return run.spec.train.processes


def _job_name(runs: Sequence[Run]) -> str:
    """Return the name of a job: its run's, or what its runs' names begin with."""
    if len(runs) == 1:
        return runs[0].path.name
    return runs[0].path.name.rpartition("-")[0] or "workbench"


def make_logs(runs_folder: Path) -> None:
    """Make the folder of the jobs' own logs.

    Raises:
        ClusterError: it cannot be made.
    """
    try:
        (runs_folder / LOGS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ClusterError(f"{runs_folder / LOGS} cannot be made for the jobs' logs: {error.strerror}.") from None


def _last_line(log: Path) -> str:
    """Return the last line that a job printed before its worker began; empty where there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _LOG_END))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
