"""Over SSH, in a recorder, for a screen reader: while nothing changes, nothing is written to the terminal."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.processes import Terminal


@pytest.fixture
def terminal(folder: Path, tmp_path: Path) -> Iterator[Terminal]:
    one = Terminal(tmp_path, "--runs", folder)
    yield one
    one.process.kill()
    one.process.wait()
    one.hang_up()


def written(terminal: Terminal, seconds: float) -> int:
    """How many bytes come within so many seconds."""
    count, end = 0, time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([terminal.master], [], [], left)[0]:
            count += len(os.read(terminal.master, 65536))
    return count


def settled(terminal: Terminal, sign: str) -> None:
    """What a key led to is painted: the sign came, and then nothing for a while."""
    terminal.expect(sign)
    end = time.monotonic() + 30
    while written(terminal, 1.5):
        assert time.monotonic() < end, "it is never quiet"


def test_an_idle_screen_writes_nothing(terminal: Terminal, worker) -> None:
    worker("gru").start().train(10, 200).finish()
    worker().start().train(10, 60)  # and then it is busy with something long
    settled(terminal, "Workbench")
    terminal.type("2")
    terminal.expect("finished")
    terminal.type("\r")
    settled(terminal, "best")
    assert written(terminal, 5) == 0
