"""Triton kernels: beside the Python cells in Triton's interpreter, and compiled for GPUs that are not there."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
INSTALLED = importlib.util.find_spec("triton") is not None
OLD = INSTALLED and tuple(map(int, metadata.version("triton").split(".")[:2])) < (3, 7)
pytestmark = pytest.mark.skipif(not INSTALLED, reason="triton is not installed (it is on Linux x86-64, with [dev])")


def lines_of(program: str, *arguments: str, **environment: str) -> list[dict[str, Any]]:
    """Run a program of this folder and read the JSON lines that it prints."""
    command = [sys.executable, str(HERE / program), *arguments]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.skipif(OLD, reason="the interpreter of this triton (before 3.7) fails on NumPy 2.4")
@pytest.mark.parametrize(
    ("names", "count"), [("lstm rnn", 20), ("gru gru-textbook", 20), ("min-gru lru", 14)], ids=lambda value: str(value)
)
def test_agrees_with_the_python_cell(names: str, count: int, tmp_path: Path) -> None:
    forms = lines_of("interpreted_triton.py", *names.split(), TRITON_INTERPRET="1", TRITON_CACHE_DIR=str(tmp_path))
    assert len(forms) == count
    for form in forms:
        within = 2e-2 if form["bf16"] else 1e-5  # relative to each value's norm
        assert form["differences"], form
        assert {key: value for key, value in form["differences"].items() if not value <= within} == {}, form


def test_compiles_and_fits_on_the_chip(tmp_path: Path) -> None:
    programs = lines_of("compiled_triton.py", TRITON_CACHE_DIR=str(tmp_path), TRITON_INTERPRET="0")
    assert len({program["kernel"] for program in programs}) == 14
    for program in programs:
        if program["fused"] and program["columns"] == 64:
            assert program["shared"] <= 4 * 64 * 64 * 4 * 2  # what ``tiles.tile_of`` reckons with
        if program["kernel"].startswith("linear"):
            assert program["shared"] <= 48 * 1024  # what every GPU gives without being asked
        elif not program["fused"]:
            assert program["shared"] == 0  # elementwise
