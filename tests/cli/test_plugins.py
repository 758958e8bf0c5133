"""Cells and tasks of one's own on the command line: listed, broken, wrong while training, with options, hidden."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from sentences import says

OWN = '''"""Scaled mean.

    h_t = s h_{t-1} + W x_t

"""

from typing import Annotated

import msgspec
from msgspec import Meta

from cells._base import Cell, Hidden


class Scaled(Cell):
    recurrent_weight = False

    class Options(msgspec.Struct, frozen=True):
        scale: Annotated[float, Meta(gt=0, lt=1, description="share of the state that stays")] = 0.5

    def step(self, projected, state):
        h = self.options.scale * state.h + projected
        return h, Hidden(h)
'''
LINE = OWN.count("\n") - 1  # of the recurrence


@pytest.fixture
def own(tmp_path: Path) -> dict[str, str]:
    """A folder of cells and one of tasks, with something broken in each."""
    cells, tasks = tmp_path / "own-cells", tmp_path / "own-tasks"
    (tasks / "halved").mkdir(parents=True)
    (tasks / "halved" / "task.py").write_text("")
    cells.mkdir()
    (cells / "scaled.py").write_text(OWN)
    (cells / "syntax.py").write_text("class A(:\n")
    toys = os.environ["WORKBENCH_TASKS"]
    return {"WORKBENCH_CELLS": f"{cells}:/not-here", "WORKBENCH_TASKS": f"{toys}:{tasks}"}


def sentences(own: dict[str, str]) -> dict[str, str]:
    cells, tasks = (own[name].split(":") for name in ("WORKBENCH_CELLS", "WORKBENCH_TASKS"))
    return {
        "syntax": f"cannot be read: {cells[0]}/syntax.py, line 1: invalid syntax.",
        "/not-here": "cannot be read: /not-here: there is no such folder (WORKBENCH_CELLS names it).",
        "halved": f"cannot be read: {tasks[1]}/halved: it has no settings.py.",
    }


def decoded(result) -> list[dict[str, str]]:
    assert result.returncode == 0, result.stderr
    return msgspec.json.decode(result.stdout)


def test_what_cannot_be_read_is_listed_and_all_else_works(workbench, own: dict[str, str]) -> None:
    told = sentences(own)
    listed = {one["cell"]: one for one in decoded(workbench("cells", "--json", **own))}
    assert listed["scaled"]["title"] == "Scaled mean"
    assert {name: one["unreadable"] for name, one in listed.items() if "unreadable" in one} == {
        name: told[name] for name in ("syntax", "/not-here")
    }
    listed = {one["task"]: one for one in decoded(workbench("tasks", "--json", **own))}
    assert "unreadable" not in listed["toy"]
    assert listed["halved"]["unreadable"] == told["halved"]
    found = {one["what"]: one["found"] for one in decoded(workbench("doctor", "--json", **own))}
    assert found["cell: syntax"] == told["syntax"]
    assert found["cell: /not-here"] == told["/not-here"]
    assert found["task: halved"] == told["halved"]
    for words, name in ((("cells",), "syntax"), (("tasks",), "halved"), (("doctor",), "halved")):
        plain = workbench(*words, **own)
        assert plain.returncode == 0, plain.stderr
        assert f"{name}  cannot be read: " in " ".join(plain.stdout.split()).replace(f"{name} ", f"{name}  ")
    for words in (("runs",), ("data",)):
        assert workbench(*words, **own).returncode == 0


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("train", "toy", "--cell", "syntax", "--headless"), "syntax"),
        (("cells", "syntax"), "syntax"),
        (("train", "halved", "--headless"), "halved"),
        (("data", "path", "halved"), "halved"),
    ],
)
def test_using_it_says_the_same_sentence(workbench, own: dict[str, str], words: tuple[str, ...], name: str) -> None:
    kind = "Task" if name == "halved" else "Cell"
    assert says(workbench(*words, **own), 2, "") == f"{kind} {name} {sentences(own)[name]}"


def test_a_run_of_a_task_that_broke_is_listed(workbench, own: dict[str, str], tmp_path: Path) -> None:
    toy, ours = own["WORKBENCH_TASKS"].split(":")
    copy = Path(ours) / "mytoy"
    copy.mkdir()
    for file in (Path(toy) / "toy").glob("*.py"):
        (copy / file.name).write_text(file.read_text())
    done = workbench("train", "mytoy", "--headless", "--json", "--max-steps", 1, **own)
    assert done.returncode == 0, done.stderr
    (copy / "settings.py").write_text("import numpyx\n")
    (run,) = decoded(workbench("runs", "--json", **own))
    assert run["status"] == "unreadable"
    assert "Task mytoy cannot be read: " in run["message"]
    assert "settings.py, line 1: ModuleNotFoundError: No module named 'numpyx'." in run["message"]


def test_an_error_while_training_names_file_and_line(workbench, own: dict[str, str]) -> None:
    file = Path(own["WORKBENCH_CELLS"].split(":")[0]) / "scaled.py"
    file.write_text(OWN.replace("+ projected", "+ projected / (1 // 0)"))
    sentence = says(workbench("train", "toy", "--cell", "scaled", "--headless", **own), 1, "The training broke off")
    assert f"at step 0: {file}, line {LINE}: ZeroDivisionError: integer division or modulo by zero." in sentence
    assert "The traceback is in" in sentence
    assert "defect" not in sentence
    file.write_text(
        OWN.replace("class Scaled(Cell):", "class Scaled(Cell):\n    def make_parameters(self):\n        1 / 0\n")
    )
    sentence = says(workbench("cells", "scaled", "--task", "toy", **own), 1, f"{file}, line ")
    assert "ZeroDivisionError: division by zero. WORKBENCH_DEBUG=1 shows the traceback." in sentence


def test_a_cells_options_reach_every_command(workbench, own: dict[str, str], runs_folder: Path) -> None:
    shown = workbench("cells", "scaled", "--task", "toy", **own)
    assert "  cell.scale = 0.5  > 0, < 1  share of the state that stays" in shown.stdout
    train = ("train", "toy", "--headless", "--max-steps", 1, "--cell")
    done = workbench(*train, "scaled", "--set", "cell.scale=0.25", **own)
    assert done.returncode == 0, done.stderr
    assert "cell.scale=0.25" in workbench("show", "last", **own).stdout
    assert "cell.scale=0.25" in workbench("show", "last").stdout  # also where the cell is gone
    (run,) = decoded(workbench("runs", "--json", **own))
    assert run["settings"]["cell.scale"] == 0.25
    (spec_file,) = runs_folder.glob("*/spec.json")
    assert msgspec.json.decode(spec_file.read_bytes())["cell_options"] == {"scale": 0.25}
    refused = workbench(*train, "scaled", "--set", "cell.scale=2", **own)
    assert says(refused, 2, "") == "cell.scale cannot be 2: it must be a number > 0, < 1."
    other = workbench(*train, "lstm", "--set", "cell.scale=0.25", **own)
    assert says(other, 2, "There is no setting 'cell.scale'")


def test_a_causal_task_refuses_a_cell_that_inherits_both_ways(workbench, own: dict[str, str], tmp_path: Path) -> None:
    file = Path(own["WORKBENCH_CELLS"].split(":")[0]) / "mirrored.py"
    file.write_text('"""Own."""\n\nfrom cells.bilstm import BiLSTM\n\n\nclass Mirrored(BiLSTM): ...\n')
    refused = workbench("train", "poems", "--cell", "mirrored", "--headless", "--data", tmp_path / "no", **own)
    assert says(refused, 2, "poems writes from left to right, so a bidirectional network (mirrored) would see")


@pytest.mark.parametrize("path", [False, True], ids=["name", "path"])
def test_check(workbench, own: dict[str, str], path: bool) -> None:
    file = Path(own["WORKBENCH_CELLS"].split(":")[0]) / "scaled.py"
    env = {} if path else own
    good = workbench("cells", file if path else "scaled", "--check", **env)
    assert good.returncode == 0, good.stdout
    assert {line.split()[0] for line in good.stdout.splitlines()} == {"ok"}
    file.write_text(OWN.replace("recurrent_weight = False", "recurrent_weight = True"))
    bad = workbench("cells", file if path else "scaled", "--check", **env)
    assert bad.returncode == 1
    assert "FAIL      gradients: weight_hh gets no gradient: set recurrent_weight = False" in bad.stdout
    told = msgspec.json.decode(workbench("cells", file if path else "scaled", "--check", "--json", **env).stdout)
    assert [one["check"] for one in told["checks"] if one["outcome"] == "FAIL"] == ["gradients"]
    file.write_text("class A(:\n")
    broken = workbench("cells", file if path else "scaled", "--check", **env)
    assert broken.returncode == 1
    assert f"cannot be read: {file}, line 1: invalid syntax." in broken.stdout


def test_check_needs_a_cell(workbench, tmp_path: Path) -> None:
    assert says(workbench("cells", "--check"), 2, "--check needs a cell")
    assert says(workbench("cells", "lsmt", "--check"), 2, "There is no cell 'lsmt': did you mean 'lstm'?")
    assert says(workbench("cells", tmp_path / "no.py", "--check"), 2, "There is no file ")
    assert says(workbench("cells", tmp_path / "no.py"), 2, f"{tmp_path / 'no.py'} is a file: add --check")


@pytest.mark.parametrize("name", ["tasks.py", "cells/__init__.py"])
@pytest.mark.parametrize("module", ["workbench.cli", "workbench.worker", "workbench.inference.server"])
def test_a_package_of_the_same_name_is_one_sentence(tmp_path: Path, name: str, module: str) -> None:
    hiding = tmp_path / "mine" / name
    hiding.parent.mkdir(parents=True)
    hiding.write_text("raise ValueError('not to be imported')\n")
    root = Path(__file__).parents[2]
    code = (
        "from workbench.cli import main; main()"
        if module == "workbench.cli"
        else f"import runpy; runpy.run_module({module!r})"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={**os.environ, "PYTHONPATH": f"{tmp_path / 'mine'}:{root}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    place = hiding.parent if hiding.name == "__init__.py" else hiding
    assert done.stderr == (
        f"workbench: {place} hides Workbench's own package {name.partition('/')[0].removesuffix('.py')!r}: "
        f"take {tmp_path / 'mine'} out of PYTHONPATH, or rename it there.\n"
    )
