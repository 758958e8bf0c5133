"""Slurm's commands as scripts on PATH that answer what they are told to, and note how they were called."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

COMMANDS = ("sbatch", "squeue", "scontrol", "sacct", "scancel")
_SCRIPT = """\
#!/bin/bash
at={folder}/$(basename "$0")
{{ printf '%s\\0' "$(basename "$0")" "$@"; printf '\\n'; }} >> {folder}/calls
[ "$(basename "$0")" = sbatch ] && cat > {folder}/script && echo "${{SLURM_ARRAY_TASK_ID:-none}}" > {folder}/environment
[ -e "$at.err" ] && cat "$at.err" >&2
[ -e "$at.out" ] && cat "$at.out"
exit "$(cat "$at.code" 2>/dev/null || echo 0)"
"""


class FakeSlurm:
    """Answers are kept in files beside the scripts."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        folder.mkdir()
        for name in COMMANDS:
            script = folder / name
            script.write_text(_SCRIPT.format(folder=folder))
            script.chmod(script.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        self.say("sbatch", "7\n")
        self.say("sacct", error="Slurm accounting storage is disabled", code=1)
        self.say("scontrol", "MaxArraySize            = 1001\n")

    def say(self, command: str, answer: str = "", *, error: str = "", code: int = 0) -> None:
        """Let a command answer from now on."""
        for kind, text in (("out", answer), ("err", error), ("code", str(code))):
            (self._folder / f"{command}.{kind}").write_text(text)

    def calls(self, command: str) -> list[list[str]]:
        """The words of each call of a command, without its name."""
        try:
            lines = (self._folder / "calls").read_text().split("\0\n")
        except FileNotFoundError:
            return []
        every = [line.split("\0") for line in lines if line]
        return [words[1:] for words in every if words[0] == command]

    @property
    def script(self) -> Path:
        """The script that was submitted last."""
        return self._folder / "script"

    @property
    def leaked_task(self) -> str:
        """``SLURM_ARRAY_TASK_ID`` in the environment of the last submission."""
        return (self._folder / "environment").read_text().strip()


def option(words: list[str], name: str) -> str:
    """The value of an option; empty where it was not given."""
    return next((word.partition("=")[2] for word in words if word.startswith(f"--{name}=")), "")
