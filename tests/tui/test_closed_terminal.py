"""The screen on a terminal that goes without a hang-up, and on terminals that show little."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest
from closed_terminal import Terminal

from workbench.render.terminal_gone import EXIT_CODE

WORKBENCH = str(Path(sys.executable).with_name("workbench"))


@pytest.fixture
def words(folder: Path) -> tuple[str, ...]:
    """The program on an empty folder of runs."""
    return WORKBENCH, "--runs", str(folder)


@pytest.mark.parametrize("own", [False, True])
def test_the_screen_ends_with_its_terminal(words, own: bool) -> None:
    with Terminal(*words, own=own) as terminal:
        terminal.shows(b"Quit")
        assert terminal.close() == EXIT_CODE


def test_so_does_one_that_has_not_painted_yet(words) -> None:
    with Terminal(*words) as terminal:
        terminal.shows(b"\x1b[?1049h")
        assert terminal.close() == EXIT_CODE


def test_so_does_one_that_waits_for_the_terminal_to_read(words) -> None:
    with Terminal(*words) as terminal:
        terminal.shows(b"Quit")
        assert terminal.full()
        assert terminal.close() == EXIT_CODE


def test_sigterm_ends_a_screen_that_waits_for_its_terminal(words) -> None:
    with Terminal(*words) as terminal:
        terminal.shows(b"Quit")
        assert terminal.full()
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.process.wait() in (0, 128 + signal.SIGTERM)  # as it has room to write its farewell, or none
