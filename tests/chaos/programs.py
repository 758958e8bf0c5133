"""The command line under a fault, and what must be true of all that it prints."""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

from chaos import users
from forker import ForkedProgram, Forker, finish

MAIN = "workbench.cli:main"
LIMIT = float(
    os.environ.get("WORKBENCH_CHAOS_LIMIT", "60")
)  # seconds: a command on a toy takes one; what takes longer hangs, however busy the machine
_BIDI = set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")


class Told(NamedTuple):
    """Output of a command, and its exit code."""

    words: str
    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"$ workbench {self.words}\nexit {self.code}\nstdout: {self.out[-400:]}\nstderr: {self.err[-800:]}"

    @property
    def both(self) -> str:
        return self.out + self.err

    @property
    def sentences(self) -> list[str]:
        """Sentences by which the command failed."""
        return [line for line in self.err.splitlines() if line.startswith("workbench: ")]


class Program:
    """Calls the command line in forked processes, in a folder of its own."""

    def __init__(self, forker: Forker, folder: Path) -> None:
        self.forker = forker
        self.folder = folder / "here"
        self.folder.mkdir(exist_ok=True)

    def call(self, *args: object, input: bytes = b"", limit: float = LIMIT, function: str = MAIN, **env: str) -> Told:
        """Run a command to its end.

        Raises:
            subprocess.TimeoutExpired: it took longer than ``limit`` seconds, and was killed.
        """
        words = [str(arg) for arg in args]
        done = self.forker.run_bytes(words, self.folder, self._around(env), input, limit, function)
        told = (out.decode(errors="backslashreplace") for out in (done.stdout, done.stderr))
        return Told(" ".join(words), done.returncode, *told)

    def start(
        self, *args: object, function: str = MAIN, files: dict[str, object] | None = None, **env: str
    ) -> ForkedProgram:
        """Start a command beside the test."""
        return self.forker.popen([str(arg) for arg in args], self.folder, self._around(env), function, **(files or {}))

    def _around(self, env: dict[str, str]) -> dict[str, str]:
        """Return a command's variables."""
        return {**os.environ, "COLUMNS": "120", **env}

    def each(self, commands: Sequence[Sequence[object]], limit: float = LIMIT, **env: str) -> list[Told | None]:
        """Run commands one after another, each in a process forked from one that has imported the program.

        Returns:
            what each told; ``None`` for one that took longer than ``limit`` seconds, and was killed.
        """
        asked = json.dumps([[str(word) for word in words] for words in commands]).encode(errors="surrogateescape")
        env |= {"CHAOS_LIMIT": str(limit)}
        done = self.call(input=asked, limit=limit * len(commands) + 60, function=f"{__name__}:each_in_turn", **env)
        assert done.code == 0, done
        answers = json.loads(done.out)
        return [Told(*answer) if answer else None for answer in answers]


_WARM = (
    *("workbench.cli.app", "workbench.cli.results", "workbench.cli.follow", "workbench.engine.trained_run"),
    *("workbench.engine.loop", "workbench.tui.frame", "workbench.repl.generator", "tasks.toy.task"),
)


def each_in_turn() -> None:
    """Run the commands that stdin lists, and print what each told."""
    commands, limit = json.load(sys.stdin), float(os.environ["CHAOS_LIMIT"])
    main = importlib.import_module("workbench.cli").main
    for name in _WARM:
        importlib.import_module(name)
    if "CHAOS_USER" in os.environ:
        users.import_all()
    answers: list[list[object] | None] = []
    for words in commands:
        with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
            child = os.fork()
            if not child:
                be_a_command(main, words, stdout.fileno(), stderr.fileno())
            code = ended(child, limit)
            told = []
            for file in (stdout, stderr):
                file.seek(0)
                told.append(file.read().decode(errors="backslashreplace"))
        answers.append(None if code is None else [" ".join(words), code, *told])
    print(json.dumps(answers))


def be_a_command(main: Callable[[], object], words: list[str], stdout: int, stderr: int) -> NoReturn:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    sys.argv[1:] = words
    if "CHAOS_USER" in os.environ:
        users.become()
    finish(main)


def ended(child: int, limit: float) -> int | None:
    """Exit code of a child; ``None`` for one that had to be killed."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        number, status = os.waitpid(child, os.WNOHANG)
        if number:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def plain(told: Told | None, *codes: int) -> Told:
    """Check that a command ended as it may: by a right exit code, with no traceback, and saying why it failed.

    Args:
        codes: allowed exit codes; none: 0, 1, 2.
    """
    assert told is not None, "hung, and was killed"
    assert told.code in (codes or (0, 1, 2)), f"exit code {told.code}\n{told}"
    assert "Traceback" not in told.both, f"a traceback\n{told}"
    assert "defect of Workbench" not in told.both, f"called a defect\n{told}"
    if told.code:
        assert told.err.strip(), f"failed without a word\n{told}"
    return clean(told)


def clean(told: Told) -> Told:
    """Check that nothing which steers a terminal was printed."""
    wrong = {c for c in told.both if c not in "\n\t" and (unicodedata.category(c) == "Cc" or c in _BIDI)}
    assert not wrong, f"printed raw: {sorted(map(ascii, wrong))}\n{told}"
    return told


def one_sentence(told: Told | None, *codes: int) -> Told:
    """Check that a command failed with one sentence, its last line."""
    told = plain(told, *(codes or (1, 2)))
    assert len(told.sentences) == 1, f"not one sentence\n{told}"
    assert re.search(r"[.?]$", told.sentences[0]), f"not a whole sentence\n{told}"
    return told
