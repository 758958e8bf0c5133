"""Jobs of runs, whichever cluster has them: asked about together, and ended. No torch."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress

from tasks.base import PlainError
from workbench.executors import clusters
from workbench.executors.clusters import Named, RayCluster, SlurmCluster
from workbench.executors.contract import Executor
from workbench.runs.job import Job
from workbench.runs.run import Run

EVERY_SECONDS = 2.0  # between two questions to a scheduler about the same job


def of(named: Named) -> Executor:
    """Return the executor of a cluster; its packages are imported now."""
    if isinstance(named.cluster, RayCluster):
        from workbench.executors.ray.executor import RayExecutor

        return RayExecutor(named.name, named.cluster)
    from workbench.executors.slurm.executor import SlurmExecutor

    return SlurmExecutor(named.name, named.cluster)


def refresh(runs: Iterable[Run]) -> None:
    """Bring the jobs of runs up to date that a cluster may still have; one that cannot be asked stays as it was.

    A job that was asked about less than two seconds ago, by any process, is not asked about again.
    """
    groups: dict[tuple[str, str], list[Run]] = {}
    now = time.time()
    for run in runs:
        if (job := run.job) and job.live and not 0 <= now - job.seen < EVERY_SECONDS:
            groups.setdefault((job.executor, job.cluster), []).append(run)
    for own in groups.values():
        with suppress(PlainError, OSError):
            of(_named(own[0].job)).refresh(own)


def request_stop(run: Run) -> None:
    """Request that a run ends: one that trains saves a checkpoint first, one that waits for a cluster is not begun.

    Raises:
        RunError: it is neither, or the request cannot be written.
        ClusterError: the cluster cannot be reached.
    """
    job = run.job
    if job and job.live and run.status() == "queued":
        of(_named(job)).cancel(run)
        return
    run.request_stop()


def submit(named: Named, runs: Sequence[Run], *, at_once: int = 0) -> None:
    """Hand runs to a cluster.

    Raises:
        ClusterError: it cannot be reached or refuses.
    """
    of(named).submit(runs, at_once=at_once)


def _named(job: Job | None) -> Named:
    """Return the cluster that has a job, as it is described now; one whose description is gone by its defaults."""
    assert job is not None
    with suppress(PlainError):
        named = clusters.find(job.cluster)
        if named.cluster.executor == job.executor:
            return named
    return Named(job.cluster, RayCluster() if job.executor == "ray" else SlurmCluster())
