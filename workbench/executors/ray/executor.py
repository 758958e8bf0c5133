"""Starting of workers through Ray. No torch."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from workbench.executors.clusters import ClusterError, RayCluster
from workbench.executors.contract import Finding
from workbench.runs.run import Run


class RayExecutor:
    """Cluster of Ray."""

    def __init__(self, name: str, cluster: RayCluster) -> None:
        self._name, self._cluster = name, cluster

    def submit(self, runs: Sequence[Run], *, at_once: int = 0) -> None:
        raise ClusterError("Ray is not reached from here.")

    def refresh(self, runs: Sequence[Run]) -> None:
        return

    def cancel(self, runs: Sequence[Run]) -> None:
        raise ClusterError("Ray is not reached from here.")

    def check(self, runs_folder: str) -> Generator[Finding]:
        yield Finding("submit", "Ray is not reached from here.", good=False)
