"""What must be quick never imports what is slow: seen in ``sys.modules`` of a fresh process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SLOW = {"torch", "pydantic", "matplotlib", "sklearn", "pandas", "gensim", "jieba", "scipy"}
COMMAND = """
import sys
from workbench.cli import main
sys.argv[0] = "workbench"
try:
    main()
except SystemExit as leaving:
    assert not leaving.code, leaving.code
"""
SAY = "import sys; print('MODULES', *{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"


def modules(code: str, *words: str, folder: Path) -> set[str]:
    """The top-level modules that a fresh process has after running some code."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code + SAY, *words],
        cwd=folder,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    last = done.stderr.splitlines()[-1].split()
    assert last[0] == "MODULES"
    return set(last[1:])


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("train", "--help"),
        ("eval", "--help"),
        ("poem", "--help"),
        ("serve", "--help"),
        ("runs",),
        ("runs", "--json"),
        ("show", "last"),
        ("show", "last", "--json"),
        ("tasks",),
        ("cells",),
        ("data",),
    ],
    ids=" ".join,
)
def test_a_quick_command_imports_nothing_slow(tmp_path: Path, runs_folder: Path, words: tuple[str, ...]) -> None:
    a_run(runs_folder)
    found = modules(COMMAND, *words, folder=tmp_path)
    assert "typer" in found
    assert not found & SLOW


def test_the_first_paint_imports_nothing_slow(tmp_path: Path) -> None:
    found = modules("import workbench.tui.app\n", folder=tmp_path)
    assert "textual" in found
    assert not found & SLOW


def test_the_worker_imports_no_face(tmp_path: Path) -> None:
    found = modules("import workbench.worker, workbench.engine.loop, workbench.engine.errors\n", folder=tmp_path)
    assert "torch" in found
    assert not found & {"textual", "typer", "rich"}


@pytest.mark.parametrize(
    "words", [("predict", "pretrained/names-lstm", "Satoshi"), ("predict", "pretrained/poems-lstm", "月")], ids=" ".join
)
def test_a_prediction_imports_torch_and_nothing_else_that_is_slow(tmp_path: Path, words: tuple[str, ...]) -> None:
    found = modules(COMMAND, *words, folder=tmp_path)
    assert found & SLOW == {"torch"}
    assert "sympy" not in found  # torch's compiler


def test_what_torch_imports_is_left_out_of_garbage_collection(tmp_path: Path) -> None:
    code = "import gc, workbench.engine; assert gc.isenabled(); assert gc.get_freeze_count() > 100_000\n"
    assert "torch" in modules(code, folder=tmp_path)


def a_run(folder: Path) -> None:
    """A run that another process describes: this one has torch, and must lend it to nobody."""
    code = "import sys; from pathlib import Path; from workbench.config import spec\n"
    code += "from workbench.runs import store as runs\n"
    code += "runs.create(Path(sys.argv[1]), spec.make('toy', 'lstm'))\n"
    assert not modules(code, str(folder), folder=folder.parent) & SLOW
