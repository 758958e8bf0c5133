"""Handing of a study's runs to a cluster, which queues them: no process of this program waits for them. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from workbench.executors import jobs
from workbench.executors.clusters import Named
from workbench.runs.monitor import RunMonitors
from workbench.runs.run import LIVE, Run
from workbench.studies.study import Member, Study, StudyError


def submit(study: Study, cluster: Named, states: Sequence[str], *, at_once: int = 0) -> list[Run]:
    """Hand the runs of a study that are in one of some states to a cluster.

    The study is locked meanwhile, so that of two that ask at once the second finds the runs of the first queued.

    Args:
        at_once: runs that train at once; 0: as many as the cluster lets.

    Returns:
        the runs that were handed over.

    Raises:
        StudyError: a queue or another submission works on the study, or one of its runs cannot be described.
        ClusterError: the cluster cannot be reached or refuses.
    """
    with closing(study.acquire_lock()):
        if study.search is not None:
            raise StudyError(f"Study {study.id} is a search, which chooses each run by those before it: run it here.")
        read = RunMonitors()
        jobs.refresh(with_jobs(study.members(read)))
        runs = []
        for member in study.members(read):
            if member.state in states:
                run = study.begin(member.number)
                if run.status() not in (*LIVE, "finished"):  # another process was faster
                    runs.append(run)
        if runs:
            jobs.submit(cluster, runs, at_once=at_once)
        return [run for run in runs if (job := run.job) and job.live]  # others had begun the rest meanwhile


def members(study: Study) -> list[Member]:
    """Return a study's runs as ``Study.members`` does, their jobs as they are now where a scheduler answers soon.

    Raises:
        StudyError: the study cannot be read.
    """
    read = RunMonitors()
    found = study.members(read)
    return study.members(read) if jobs.refresh_soon(with_jobs(found)) else found


def with_jobs(members: Sequence[Member]) -> list[Run]:
    """Return the runs that a cluster may still have."""
    return [one.run for one in members if one.summary and one.summary.job and one.summary.job.live]
