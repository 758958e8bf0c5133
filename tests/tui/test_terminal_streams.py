"""The screen where stderr goes to a file, and on terminals whose encoding lacks characters."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from closed_terminal import Terminal

from workbench.config.environment import ASCII

WORKBENCH = str(Path(sys.executable).with_name("workbench"))


@pytest.fixture
def words(folder: Path) -> tuple[str, ...]:
    """The program on an empty folder of runs."""
    return WORKBENCH, "--runs", str(folder)


def test_the_screen_is_drawn_on_the_terminal_wherever_stderr_goes(words, tmp_path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as stderr, Terminal(*words, stderr=stderr.fileno()) as terminal:
        terminal.shows(b"Quit")
        terminal.type(b"q")
        assert terminal.ends() == 0
        assert b"\x1b[?1049l" in terminal.seen
    assert log.read_bytes() == b""


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "gbk", "C"])
def test_a_terminal_without_lines_and_dots_gets_ascii(words, encoding: str) -> None:
    env = {"LC_ALL": "C"} if encoding == "C" else {"PYTHONIOENCODING": encoding}
    encoding = "utf-8" if encoding == "C" else encoding
    with Terminal(*words, env=env) as terminal:
        terminal.shows(b"Quit", b"|")
        terminal.type("4/月é\xff".encode(encoding, errors="replace") + b"\xff\x81")
        terminal.type(b"\x11")  # ctrl+q
        assert terminal.ends() == 0
    drawn = terminal.seen.decode(encoding)
    assert not {"─", "│", "━", "�", "╭"} & set(drawn)


def test_lines_stay_where_a_person_wants_them(words) -> None:
    with Terminal(*words, env={"LC_ALL": "C", ASCII: "0"}) as terminal:
        terminal.shows(b"Quit", "│".encode())
