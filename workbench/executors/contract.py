"""Contract of an executor: where a cluster's workers are started on run folders, asked about, and ended. No torch.

An executor starts ``workbench.worker`` on a run's folder and changes nothing else: run, resume, screens and reports are
those of a run of this machine. It keeps what its scheduler says in the run's ``job.json`` (``workbench.runs.job``).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import NamedTuple, Protocol

from workbench.runs.run import Run


class Finding(NamedTuple):
    """Answer to one question of ``workbench clusters check``."""

    question: str
    answer: str
    good: bool


class Executor(Protocol):
    """A cluster as a place to start workers."""

    def submit(self, runs: Sequence[Run], *, at_once: int = 0) -> None:
        """Hand runs to the scheduler and write each one's ``job.json``; return without waiting for a worker.

        Args:
            at_once: runs of these that train at once; 0: as many as the cluster lets.

        Raises:
            ClusterError: the scheduler cannot be reached or refuses; runs without a live job were not submitted.
        """

    def refresh(self, runs: Sequence[Run]) -> None:
        """Ask the scheduler about the live jobs of runs, all in one question, and write what has changed.

        A scheduler that cannot be reached leaves them as they are: ``Job.seen`` tells since when.
        """

    def cancel(self, runs: Sequence[Run]) -> None:
        """Take runs' waiting jobs from the scheduler; one that has begun is asked to save a checkpoint and end.

        Raises:
            ClusterError: the scheduler cannot be reached or refuses.
        """

    def check(self, runs_folder: str) -> Generator[Finding]:
        """Yield what a probe job finds: submission, the runs folder on the node, Python, torch, GPU.

        The generator is closed where nobody waits any longer: it takes the job back.
        """
