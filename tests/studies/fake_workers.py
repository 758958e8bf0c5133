"""Workers that train nothing, in place of those that a queue starts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from made_studies import append
from runs import event_makers

from workbench.executors import places
from workbench.runs import launch
from workbench.runs.folder import RunError
from workbench.runs.lock import Lock
from workbench.runs.run import Run


class Worker:
    """A worker that trains until the test ends it, or at once where it was asked to stop."""

    def __init__(self, run: Run, lock: Lock) -> None:
        self.run, self._lock = run, lock
        self.returncode: int | None = None
        append(run, event_makers.started())

    def poll(self) -> int | None:
        if self.returncode is None and self.run.stop_requested():
            self.end("stopped")
        return self.returncode

    def end(self, how: str = "finished") -> None:
        append(self.run, getattr(event_makers, how)(10)) if how != "lost" else None
        self.returncode = 0
        self._lock.close()


class Workers:
    """In place of ``launch.start``."""

    def __init__(self) -> None:
        self.started: list[tuple[str, str, int]] = []  # run, its GPUs, threads
        self.of: dict[str, Worker] = {}
        self.refusing: set[str] = set()

    def start(self, run: Run, device: str = "", threads: int = 0, *, gpus: str = "") -> Worker:
        if run.id in self.refusing:
            raise RunError(f"The disk that holds {run.id} is full.")
        worker = self.of[run.id] = Worker(run, run.acquire_lock())
        self.started.append((run.id, device or gpus, threads))
        return worker

    @property
    def names(self) -> list[str]:
        return [name for name, _, _ in self.started]

    @property
    def live(self) -> list[str]:
        return [name for name, worker in self.of.items() if worker.returncode is None]

    def end(self, name: str, how: str = "finished") -> None:
        self.of[name].end(how)


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    every = Workers()
    monkeypatch.setattr(launch, "start", every.start)
    monkeypatch.setattr(places, "cores", lambda: 4)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    yield every
    for name in every.live:
        every.end(name, "lost")
