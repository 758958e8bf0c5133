"""A run in which every string is hostile: none of its bytes reaches a terminal or a pipe as one that is obeyed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hostile_run import HOSTILE, hostile, hostile_run, obeyed
from processes import Terminal

from workbench.runs.run import Run

SHOWING = [
    ("runs",),
    ("runs", "--json"),
    ("runs", "--filter", f"task:{HOSTILE[1:]}".replace("\0", "")),
    ("show", "RUN"),
    ("show", "RUN", "--json"),
    ("watch", "RUN", "--headless"),
    ("watch", "RUN", "--json"),
    ("watch", "RUN", "--once"),
    ("stop", "RUN"),
    ("resume", "RUN", "--headless"),
    ("eval", "RUN"),
    ("predict", "RUN", "012"),
    ("predict", "RUN", "0\x1b]52;c;aGk=\x07"),
    ("poem", "RUN", "--start", "\x9b2J"),
    ("show", "nothing\x1b[2J\u202e"),
    ("train", "to\x1b[2J"),
    ("train", "toy", "--set", "task.\x1b[2J=\x9b"),
    ("--data", "/no\x1b[2J", "data"),
    ("data", "path", "names", "--data", "/no\x1b[2J"),
]


@pytest.fixture
def evil(finished: Run, runs_folder: Path) -> Run:
    return hostile_run(finished, runs_folder)


def named(words: tuple[str, ...], run: Run) -> list[object]:
    return [run.path if word == "RUN" else word for word in words]


@pytest.mark.parametrize("words", SHOWING)
def test_nothing_hostile_leaves_through_a_pipe(workbench, evil: Run, words: tuple[str, ...]) -> None:
    done: subprocess.CompletedProcess[str] = workbench(*named(words, evil))
    assert "defect" not in done.stderr
    assert done.stdout + done.stderr
    assert obeyed(done.stdout + done.stderr) == set()
    if "--json" in words:
        msgspec.json.decode(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("words", [SHOWING[number] for number in (0, 3, 5, 7, 10, 14)])
def test_nothing_hostile_leaves_on_a_terminal(
    terminal: Callable[..., Terminal], evil: Run, words: tuple[str, ...]
) -> None:
    shown = terminal(*named(words, evil))
    shown.ended()
    assert "defect" not in shown.read()
    assert obeyed(shown.read()) == set()


@pytest.mark.parametrize("words", [("predict", "012"), ("predict", "--json", "x\x9b")])
def test_a_hostile_run_is_asked(workbench, finished: Run, runs_folder: Path, words: tuple[str, ...]) -> None:
    run = hostile_run(finished, runs_folder, "evil", askable=True)
    done = workbench(words[0], run.id, *words[1:])
    assert done.returncode == (1 if "x\x9b" in words else 0), done.stderr
    assert "zero" in done.stdout or "digits" in done.stderr
    assert obeyed(done.stdout + done.stderr) == set()


def test_a_failed_run_says_why(workbench, finished: Run, runs_folder: Path) -> None:
    run = hostile_run(finished, runs_folder, failed=True)
    for words in (("show", run.path), ("watch", run.path, "--headless"), ("runs",), ("runs", "--json")):
        done = workbench(*words)
        assert "why" in done.stdout + done.stderr or words == ("runs",)
        assert obeyed(done.stdout + done.stderr) == set()


def test_a_run_is_named_before_it_is_deleted(terminal: Callable[..., Terminal], evil: Run) -> None:
    asked = terminal("rm", evil.path)
    asked.expect("[y/N]")
    asked.type("y\r")
    assert asked.ended() == 0
    assert obeyed(asked.read()) == set()
    assert not evil.path.exists()


def test_json_keeps_what_it_escapes(workbench, finished: Run, runs_folder: Path) -> None:
    run = hostile_run(finished, runs_folder, "evil", askable=True)
    told = msgspec.json.decode(workbench("show", run.id, "--json").stdout)
    assert told["spec"]["preset"] == hostile("preset")
