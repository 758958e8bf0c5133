"""A cell's file and a task's folder, added to a copy of the repository, break no test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_own_guides import extract

ROOT = Path(__file__).parents[2]
LISTED = "import cells, tasks; print(cells.__file__, cells.available(), tasks.available())"
INSIDE = "WORKBENCH_TEST_OF_ADDING"
# the contract of the other cells, and most of what the Lab does, do not depend on the lists
CHOSEN = (
    "(leaky-heads or not test_cell_contract) and (shows_tasks_cells or choosing_another_cell or not test_lab) "
    "and not doctor and not help and not version"
)
RELEVANT = (
    "tests/cells/test_cell_contract.py",
    "tests/cells/test_cell_names.py",
    "tests/cli/test_machine_commands.py",
    "tests/config/test_spec_layers.py",
    "tests/tasks/test_every_task.py",
    "tests/tui/**/test_lab.py",
)


@pytest.mark.skipif(INSIDE in os.environ, reason="this is the copy")
def test_a_cell_and_a_task_more_break_no_test(tmp_path: Path, kernels: Path) -> None:
    copy = tmp_path / "copy"
    for folder in ("cells", "tasks", "workbench", "tests"):
        shutil.copytree(ROOT / folder, copy / folder)  # with what is compiled
    shutil.copy(ROOT / "pyproject.toml", copy)
    extract("own-cell.md", copy / "cells")
    extract("own-task.md", copy / "tasks")
    there = [str(file) for pattern in RELEVANT for file in copy.glob(pattern)]
    assert len(there) == len(RELEVANT)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", "-k", CHOSEN, *there],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), INSIDE: "1", "WORKBENCH_TEST_KERNELS": str(kernels)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    listed = subprocess.run(
        [
            sys.executable,
            "-P",
            "-c",
            LISTED,
        ],
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert listed.stdout.startswith(str(copy))
    assert "'leaky-heads'" in listed.stdout
    assert "'parity'" in listed.stdout
