"""State of a job that Ray has, as it is told in the run's ``job.json``: one process at a time writes it. No torch."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from workbench.runs import job
from workbench.runs.job import Job
from workbench.runs.run import Run

BEAT_SECONDS = 60.0  # after which it is told anew that the scheduler has the job


class Record:
    """Job of a run."""

    def __init__(self, run: Run, found: Job) -> None:
        self.run, self.job = run, found
        self._told: Job | None = found
        self._seen = found.seen

    def set(self, **changes: Any) -> None:
        """Change fields of the job; nothing is written where they were told a short while ago.

        A disk that refuses it is asked again with the next change; one must not end what trains elsewhere.
        """
        self.job = msgspec.structs.replace(self.job, **changes)
        if self.job == self._told and 0 <= time.time() - self._seen < BEAT_SECONDS:
            return
        told = msgspec.structs.replace(self.job, seen=time.time())
        try:
            job.write(self.run.job_file, told)
            self._told, self._seen = self.job, told.seen
        except OSError:
            self._told = None

    def requeue(self, reason: str) -> None:
        """Let the job wait again, as one that Ray began and lost."""
        self.set(state="queued", node="", reason=reason, requeues=self.job.requeues + 1)

    def end(self, reason: str = "") -> None:
        """End the job.

        Args:
            reason: one sentence; empty: the run's events tell it.
        """
        self.set(state="ended", reason=reason)


def live(run: Run, identity: str) -> Record | None:
    """Return the record of a run's job; ``None`` where that has ended, or is another by now."""
    found = run.job
    return Record(run, found) if found and found.live and found.id == identity else None
