"""A network that writes what a test says, a character at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from fake_worker import FakeWorker

from workbench.infer_protocol import Character, End, Generate
from workbench.runs import Run, RunError


class Ink:
    """What the fake networks write, when, and what was asked of them."""

    def __init__(self) -> None:
        self.text = "明月光。疑是地上霜。"
        self.refused: Exception | None = None  # what opening or writing raises
        self.asked: list[Generate] = []
        self.opened: list[str] = []
        self.closed: list[str] = []
        self._flows = threading.Event()
        self._drops = threading.Semaphore(0)
        self._flows.set()

    def dam(self) -> None:
        """From now on a character needs a ``drop``."""
        self._flows.clear()

    def drop(self, characters: int) -> None:
        for _ in range(characters):
            self._drops.release()

    def flow(self) -> None:
        """Whatever waits is written."""
        self._flows.set()
        self._drops.release()

    def wait(self) -> None:
        if not self._flows.is_set():
            assert self._drops.acquire(timeout=10)

    def client(self, run: Run) -> FakeClient:
        return FakeClient(self, run)


class FakeClient:
    def __init__(self, ink: Ink, run: Run) -> None:
        if isinstance(ink.refused, RunError):
            raise ink.refused
        self._ink, self._run = ink, run
        ink.opened.append(run.id)

    def generate(self, asked: Generate) -> Iterator[Character | End]:
        self._ink.asked.append(asked)
        if self._ink.refused:
            raise self._ink.refused
        for character in self._ink.text:
            self._ink.wait()
            yield Character(text=character, log_probability=-1.0)
        yield End(reason="ended")

    def close(self) -> None:
        self._ink.closed.append(self._run.id)


def able(worker: FakeWorker) -> FakeWorker:
    """A run that has weights."""
    worker.run.best_file.write_bytes(b"weights")
    return worker
