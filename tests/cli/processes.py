"""The program in processes of its own: beside the test, or on a terminal that can be closed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from forker import ForkedProgram, Forker
from waiting import until

from workbench.runs import store
from workbench.runs.history import read_history
from workbench.runs.run import Run

PROGRAM = str(Path(sys.executable).with_name("workbench"))
Start = Callable[..., ForkedProgram]


def worker_of(run: Run) -> int:
    """The process number that a run's worker wrote; 0 before that."""
    started = read_history(run.events_file).started
    return started.pid if started else 0


def the_run(folder: Path) -> Run:
    """The only run of a folder, once it is there and its worker has begun."""
    return until(lambda: next((r for r in store.listing(folder) if worker_of(r)), None), "a run begins")


class Terminal:
    """The command line on a pseudo-terminal, leader of a session of its own: what an SSH login gives it."""

    def __init__(self, forker: Forker, folder: Path, *args: object) -> None:
        self.master, slave = os.openpty()
        os.set_blocking(self.master, False)
        self.seen = ""
        env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "36"}
        words = [str(arg) for arg in args]
        self.process = forker.popen(words, folder, env, stdin=slave, stdout=slave, stderr=slave, terminal=True)
        os.close(slave)

    def read(self) -> str:
        with suppress(OSError):
            while chunk := os.read(self.master, 65536):
                self.seen += chunk.decode(errors="replace")
        return self.seen

    def expect(self, text: str) -> None:
        """Wait for a text; what stood before it is forgotten."""
        until(lambda: text in self.read() or self.process.poll() is not None, f"{text!r} on the terminal")
        assert text in self.read(), f"{text!r} is not in {self.seen!r}"
        self.seen = self.seen.partition(text)[2]

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def hang_up(self) -> None:
        if self.master >= 0:
            os.close(self.master)
        self.master = -1

    def ended(self) -> int:
        """The exit code, waited for; output is read on, or the program could block on it."""
        until(lambda: (self.read() if self.master >= 0 else "", self.process.poll() is not None)[1], "the program ends")
        return self.process.wait()
