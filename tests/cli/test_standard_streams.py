"""Standard streams that are closed or full: the right exit code, one sentence, no traceback. Processes of their own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from processes import PROGRAM

from workbench.runs import store

CLOSED = "stdout cannot be written: it is closed."
FULL = "stdout cannot be written: No space left on device."


def shell(line: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """A command line with the shell's redirections; ``workbench`` is the program."""
    return subprocess.run(
        ["sh", "-c", line.replace("workbench", PROGRAM, 1)],
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("workbench tasks >&-", 1, CLOSED),
        ("workbench tasks <&- >&- 2>&-", 1, ""),
        ("workbench tasks --json >/dev/full", 1, FULL),
        ("workbench --help >/dev/full", 1, FULL),
        ("workbench --version >/dev/full 2>&1", 1, ""),
        ("workbench nosuch 2>/dev/full", 2, ""),
        ("workbench runs 2>&-", 0, ""),
    ],
)
def test_what_cannot_be_written_is_told(tmp_path: Path, line: str, code: int, said: str) -> None:
    done = shell(line, tmp_path)
    assert done.returncode == code, done.stderr
    assert done.stderr == (f"workbench: {said}\n" if said else "")


def test_a_training_without_any_stream_is_kept(tmp_path: Path, runs_folder: Path) -> None:
    done = shell("workbench train toy --headless --max-steps 2 <&- >&- 2>&-", tmp_path)
    assert done.returncode == 0
    (run,) = store.listing(runs_folder)
    assert run.status() == "finished"


@pytest.mark.parametrize("encoding", ["ascii", "gbk"])
def test_every_encoding_is_served(tmp_path: Path, encoding: str) -> None:
    done = shell("workbench data", tmp_path, PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("starter") > 2
    assert done.stdout.isascii()  # neither has braille dots: lines are ASCII too


def test_a_name_that_is_no_utf8_is_one_sentence(tmp_path: Path) -> None:
    done = shell("workbench train names --headless --data $(printf 'no\\377')", tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "is not UTF-8" in done.stderr
