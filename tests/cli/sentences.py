"""A failed command says one sentence on stderr, and leaves with its exit code."""

from __future__ import annotations

import subprocess


def says(result: subprocess.CompletedProcess[str], code: int, beginning: str) -> str:
    """The one sentence of a command that failed, checked for what every failure must be."""
    told = f"exit {result.returncode}\nstdout: {result.stdout}\nstderr: {result.stderr}"
    assert result.returncode == code, told
    assert "Traceback" not in result.stdout + result.stderr, told
    said = [line for line in result.stderr.splitlines() if line.startswith("workbench: ")]
    assert len(said) == 1, told
    assert result.stderr.splitlines()[-1] == said[0], told
    sentence = said[0].removeprefix("workbench: ")
    assert sentence.startswith(beginning) or beginning in sentence, told
    assert sentence[-1] in ".?", told
    return sentence
