"""Jobs of runs, whichever cluster has them: asked about together, and ended. No torch."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from tasks.base import PlainError
from workbench.executors import clusters
from workbench.executors.clusters import ClusterError, Named, RayCluster, SlurmCluster
from workbench.executors.contract import Executor
from workbench.runs.folder import RunError
from workbench.runs.job import Job
from workbench.runs.run import Run
from workbench.runs.summary import RunSummary, read_summary

EVERY_SECONDS = 2.0  # between two questions to a scheduler about the same job, at least
_A_SECOND = 100  # jobs that are asked about in the mean: each answer is written to its run's folder
_asked: dict[Path, float] = {}  # by live runs: when this process asked about each last, by its monotonic clock
_PATIENCE = 3.0  # seconds that a list waits for a scheduler


def of(named: Named) -> Executor:
    """Return the executor of a cluster; its packages are imported now."""
    if isinstance(named.cluster, RayCluster):
        from workbench.executors.ray.executor import RayExecutor

        return RayExecutor(named.name, named.cluster)
    from workbench.executors.slurm.executor import SlurmExecutor

    return SlurmExecutor(named.name, named.cluster)


def refresh(runs: Iterable[Run]) -> None:
    """Bring the jobs of runs up to date that a cluster may still have; one that cannot be asked stays as it was.

    A job that was asked about less than two seconds ago is not asked about again; of some thousand jobs less than half
    a minute ago. An executor need not write down that it asked where nothing has changed.
    """
    groups: dict[tuple[str, str], list[tuple[Run, Job]]] = {}
    for run in runs:
        if (job := run.job) and job.live:
            groups.setdefault((job.executor, job.cluster), []).append((run, job))
    for group in groups.values():
        fresh = max(EVERY_SECONDS, len(group) / _A_SECOND)
        now, passed = time.time(), time.monotonic()
        due = [
            (run, job)
            for run, job in group
            if passed - _asked.get(run.path, -fresh) >= fresh and not 0 <= now - job.seen < fresh
        ]
        if due:
            _asked.update({run.path: passed for run, _ in due})
            with suppress(PlainError, OSError):
                of(_named(due[0][1])).refresh([run for run, _ in due])


def up_to_date(summaries: Sequence[RunSummary]) -> list[RunSummary]:
    """Return summaries with the jobs as they are now; those that no cluster has are not read again.

    A scheduler that does not answer within some seconds leaves its jobs as they were.
    """
    if not refresh_soon([one.run for one in summaries if one.job and one.job.live]):
        return [*summaries]
    return [read_summary(one.run) if one.job and one.job.live else one for one in summaries]


def refresh_soon(runs: Sequence[Run]) -> bool:
    """Bring the jobs of runs up to date, as ``refresh`` does; go on without those that take longer than some seconds.

    Returns:
        whether any cluster was asked.
    """
    if runs:
        asking = threading.Thread(target=refresh, args=(runs,), daemon=True)
        asking.start()
        asking.join(_PATIENCE)
    return bool(runs)


def request_stop(run: Run) -> None:
    """Request that a run ends: one that trains saves a checkpoint first, one that waits for a cluster is not begun.

    Raises:
        RunError: it is neither, or the request cannot be written.
        ClusterError: the cluster cannot be reached.
    """
    if job := _waiting(run):
        of(_named(job)).cancel([run])
    else:
        run.request_stop()


def request_stops(runs: Iterable[Run]) -> None:
    """Request that runs end, as ``request_stop`` does; those that wait for a cluster are taken back in one request.

    Runs that have ended meanwhile are left out.

    Raises:
        ClusterError: a cluster cannot be reached; the others' runs are asked to end all the same.
    """
    waiting: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        with suppress(RunError, OSError):  # one that cannot be read or written keeps no other
            if job := _waiting(run):
                waiting.setdefault((job.executor, job.cluster), []).append(run)
            else:
                run.request_stop()
    problems = []
    for group in waiting.values():
        try:
            if job := group[0].job:
                of(_named(job)).cancel(group)
        except (PlainError, OSError) as error:
            problems.append(str(error))
    if problems:
        raise ClusterError(" ".join(problems))


def _waiting(run: Run) -> Job | None:
    """Return the job of a run that waits for a cluster; ``None`` of any other."""
    job = run.job
    return job if job and job.live and run.status() == "queued" else None


def submit(named: Named, runs: Sequence[Run], *, at_once: int = 0) -> None:
    """Hand runs to a cluster.

    Raises:
        ClusterError: it cannot be reached or refuses.
    """
    of(named).submit(runs, at_once=at_once)


def _named(job: Job) -> Named:
    """Return the cluster that has a job, as it is described now; one whose description is gone by its defaults."""
    with suppress(PlainError):
        named = clusters.find(job.cluster)
        if named.cluster.executor == job.executor:
            return named
    return Named(job.cluster, RayCluster() if job.executor == "ray" else SlurmCluster())
