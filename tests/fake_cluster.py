"""A cluster whose jobs are written by hand: it counts what it is asked, and nothing is trained."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

import msgspec
from waiting import HANG

from workbench.executors.clusters import ClusterError, Named, SlurmCluster
from workbench.executors.contract import Finding
from workbench.runs import job as job_files
from workbench.runs.job import Job
from workbench.runs.run import Run

HERE = Named("farm", SlurmCluster())


def put(run: Run, **values: object) -> Job:
    """Give a run a job that was submitted now, and asked about just now unless ``seen`` says otherwise."""
    now = time.time()
    facts = {"executor": "slurm", "cluster": "farm", "id": "12", "submitted": now, "seen": now} | values
    written = msgspec.convert(facts, Job)
    job_files.write(run.job_file, written)
    return written


class FakeCluster:
    """In place of an executor: ``jobs.of`` returns it, whatever the cluster is called."""

    def __init__(self) -> None:
        self.submitted: list[list[str]] = []  # ids of the runs of each submission
        self.asked: list[list[str]] = []  # ids of the runs of each question
        self.cancelled: list[str] = []
        self.next: dict[str, dict[str, object]] = {}  # by a run's id: what the scheduler says of it from now on
        self.unreachable = False
        self.answering = threading.Event()  # cleared: a question waits
        self.answering.set()
        self._last = 0

    def submit(self, runs: Sequence[Run], *, at_once: int = 0) -> None:
        if self.unreachable:
            raise ClusterError("Cluster farm cannot be reached.")
        self.submitted.append([run.id for run in runs])
        for run in runs:
            self._last += 1
            put(run, id=str(self._last), seen=0.0)

    def refresh(self, runs: Sequence[Run]) -> None:
        self.answering.wait(HANG)
        self.asked.append([run.id for run in runs])
        for run in runs if not self.unreachable else []:
            found = run.job
            assert found is not None
            said = self.next.get(run.id, {}) | {"seen": time.time()}
            job_files.write(run.job_file, msgspec.structs.replace(found, **said))

    def cancel(self, runs: Sequence[Run]) -> None:
        if self.unreachable:
            raise ClusterError("Cluster farm cannot be reached.")
        for run in runs:
            self.cancelled.append(run.id)
            found = run.job
            assert found is not None
            job_files.write(run.job_file, msgspec.structs.replace(found, state="ended", reason=""))

    def check(self, runs_folder: str) -> Iterator[Finding]:
        yield Finding("submission", "yes", good=True)
