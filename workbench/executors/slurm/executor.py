"""Starting of workers through Slurm. No torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workbench.executors.clusters import ClusterError, SlurmCluster
from workbench.executors.contract import Finding
from workbench.runs.run import Run


class SlurmExecutor:
    """Cluster of Slurm."""

    def __init__(self, name: str, cluster: SlurmCluster) -> None:
        self._name, self._cluster = name, cluster

    def submit(self, runs: Sequence[Run], *, at_once: int = 0) -> None:
        raise ClusterError("Slurm is not reached from here.")

    def refresh(self, runs: Sequence[Run]) -> None:
        return

    def cancel(self, run: Run) -> None:
        raise ClusterError("Slurm is not reached from here.")

    def check(self, runs_folder: str) -> Iterator[Finding]:
        yield Finding("submit", "Slurm is not reached from here.", good=False)
