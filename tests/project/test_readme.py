"""The README says what the program says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cells
import tasks

ROOT = Path(__file__).parents[2]


def test_the_readmes_help_text_is_the_programs(workbench) -> None:
    block = re.search(r"\$ workbench --help\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    assert block
    assert block[1].split() == workbench("--help", COLUMNS="80").stdout.split()


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_a_readme_names_every_cell_and_task(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    shipped = [task for task in tasks.available() if (ROOT / "tasks" / task).is_dir()]
    assert [one for one in (*cells.available(), *shipped) if f"`{one}`" not in text] == []


def test_the_readmes_cell_trains(workbench, tmp_path: Path) -> None:
    block = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    assert block
    (tmp_path / "mgu.py").write_text(block[1], encoding="utf-8")
    done = workbench(
        "train", "toy", "--cell", "mgu", "--layers", 2, "--bidirectional", "--json", WORKBENCH_CELLS=str(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    assert '"status":"finished"' in done.stdout
