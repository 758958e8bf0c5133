"""The guides to a cell and a task of one's own: their examples work as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

DOCS = Path(__file__).parents[2] / "docs"


def extract(page: str, folder: Path) -> None:
    """Write the files that a page shows: a path in backquotes with a colon, then a block of Python."""
    text = (DOCS / page).read_text(encoding="utf-8")
    shown = re.findall(r"^`([\w/]+\.py)`:\n\n```python\n(.*?)^```$", text, re.S | re.M)
    assert shown
    for name, code in shown:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(code, encoding="utf-8")


def test_the_cell_keeps_the_contract_and_trains(workbench, tmp_path: Path) -> None:
    own = tmp_path / "cells"
    extract("own-cell.md", own)
    env = {"WORKBENCH_CELLS": str(own)}
    for cell in ("leaky-heads", "forget-only"):
        checked = workbench("cells", cell, "--check", **env)
        assert checked.returncode == 0, checked.stdout
    words = ("--set", "cell.heads=4", "--set", "cell.combine=mean", "--layers", 2, "--bidirectional")
    done = workbench("train", "toy", "--cell", "leaky-heads", "--headless", "--json", *words, **env)
    assert done.returncode == 0, done.stderr
    told = msgspec.json.decode(done.stdout.splitlines()[-1])
    assert told["status"] == "finished"


@pytest.mark.parametrize("cell", ["lstm", "torch-gru"])
def test_the_task_trains_and_answers(workbench, tmp_path: Path, cell: str) -> None:
    own = tmp_path / "tasks"
    extract("own-task.md", own)
    env = {"WORKBENCH_TASKS": str(own)}
    words = ("--preset", "short", "--epochs", 2, "--set", "train.threads=1")
    done = workbench("train", "parity", "--cell", cell, "--headless", "--json", *words, **env)
    assert done.returncode == 0, done.stderr
    run = msgspec.json.decode(done.stdout.splitlines()[-1])
    assert run["status"] == "finished"
    asked = workbench("predict", run["run"], "101", **env)
    assert asked.returncode == 0, asked.stderr
    assert "odd" in asked.stdout
    assert "is no row of bits" in workbench("predict", run["run"], "abc", **env).stderr
