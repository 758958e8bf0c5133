"""``workbench`` alone opens the laboratory, on a terminal, with the folders that the environment names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from workbench import cli, tui

FOUND = """
import sys
from workbench import cli, tui
tui.open_screen = lambda *_: print(*sorted({name.partition('.')[0] for name in sys.modules})) or 0
sys.stdin.isatty = sys.stdout.isatty = lambda: True
sys.argv = ["workbench"]
cli.main()
"""


def test_the_screen_opens_on_the_folders_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened: list[Any] = []
    monkeypatch.setattr(sys, "argv", ["workbench"])
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(tui, "open_screen", lambda *words: opened.append(words) or 3)
    monkeypatch.setenv("WORKBENCH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("WORKBENCH_DATA", str(tmp_path / "data"))
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 3
    assert opened == [(tmp_path / "runs", tmp_path / "data")]


def test_no_command_line_is_read_on_the_way(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", FOUND], cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=True
    )
    assert "typer" not in done.stdout.split()
    assert "workbench" in done.stdout.split()


def test_without_a_terminal_it_says_what_to_do(workbench) -> None:
    done = workbench()
    assert done.returncode == 2
    assert "This is not a terminal" in done.stderr
