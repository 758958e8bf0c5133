"""The wheel in a fresh environment: it runs by itself, whatever stands in the folder of whoever calls it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import tasks
from tasks.names.settings import LANGUAGES

ROOT = Path(__file__).parents[2]


def call(*words: object, cwd: Path, **env: str) -> str:
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel; the libraries are the present one's, the checkout is not to be seen."""
    fresh = tmp_path_factory.mktemp("fresh") / "env"
    call(sys.executable, "-m", "venv", "--without-pip", fresh, cwd=fresh.parent)
    python = fresh / "bin" / "python"
    call(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=fresh.parent)
    site = Path(call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=fresh.parent).strip())
    # a plain line in a .pth adds the folder and does not read the .pth files in it: not the editable install
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return fresh


@pytest.fixture
def decoys(tmp_path: Path) -> Path:
    """A folder whose `tasks` and `cells` must never be imported."""
    folder = tmp_path / "decoys"
    for name in ("tasks", "cells", "workbench"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(f"raise RuntimeError('the decoy {name} was imported')\n")
    return folder


def test_the_wheel_holds_the_three_packages_and_the_starter_data(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"cells", "tasks", "workbench"}
    assert {f"tasks/names/starter/{language}.txt" for language in LANGUAGES} <= set(names)
    shipped = [name for name in tasks.available() if (ROOT / "tasks" / name).is_dir() and tasks.settings(name).files]
    assert [task for task in shipped if not any(name.startswith(f"tasks/{task}/starter/") for name in names)] == []
    assert {f"tasks/{path.relative_to(ROOT / 'tasks')}" for path in ROOT.glob("tasks/*/labs/*.toml")} <= set(names)
    assert "tasks/names/labs/names-rnn-lstm.toml" in names
    assert "tasks/shared/datasets/sources.tsv" in names
    assert "workbench/tui/styles/base.tcss" in names
    sources = [path for path in (ROOT / "cells/_kernels/native").iterdir() if path.suffix in (".c", ".h")]
    assert len(sources) > 1
    data = [*sources, *(ROOT / "workbench/report/templates").iterdir(), *ROOT.glob("tasks/*/labs/*.toml")]
    assert len(data) > 8
    assert {path.relative_to(ROOT).as_posix() for path in data} <= set(names)
    assert not [name for name in names if "__pycache__" in name or "tests/" in name]
    with zipfile.ZipFile(wheel) as archive:
        licence = [name for name in names if name.endswith("licenses/LICENSE")]
        assert len(licence) == 1
        assert "MIT" in archive.read(licence[0]).decode()


def test_it_runs_from_a_folder_with_decoys(environment: Path, decoys: Path) -> None:
    program = environment / "bin" / "workbench"
    assert "A terminal laboratory for recurrent networks" in call(program, "--help", cwd=decoys)
    listed = call(program, "cells", cwd=decoys, WORKBENCH_TASKS="")
    assert listed.startswith("Classic, before 2018\n  rnn ")
    assert "torch-lstm" in listed


def test_its_labs_and_reports_come_along(environment: Path, decoys: Path) -> None:
    program = environment / "bin" / "workbench"
    assert "names-rnn-lstm" in call(program, "lab", "list", cwd=decoys, WORKBENCH_TASKS="", COLUMNS="120")
    words = ("report", "pretrained/names-lstm", "--lang", "zh", "-o", "r.html")
    call(program, *words, cwd=decoys, WORKBENCH_TASKS="")
    assert "准确率" in (decoys / "r.html").read_text(encoding="utf-8")


def test_its_own_code_is_what_runs(environment: Path, decoys: Path) -> None:
    code = "import cells, tasks, workbench, typer; print(*(m.__file__ for m in (cells, tasks, workbench, typer)))"
    *own, library = call(environment / "bin" / "python", "-P", "-c", code, cwd=decoys).split()
    assert all(Path(file).is_relative_to(environment) for file in own), own
    assert not Path(library).is_relative_to(environment)


def test_it_trains_in_a_worker_of_its_own_on_its_starter_data(environment: Path, decoys: Path) -> None:
    own = ("--max-steps", 1, "--hidden", 4, "--set", "task.init=random")  # names' baselines take seconds
    words = ("train", "imdb", "--cell", "rnn", "--headless", "--json", *own)
    out = call(environment / "bin" / "workbench", *words, cwd=decoys, WORKBENCH_TASKS="")
    assert '"status":"finished","data":"starter"' in out.splitlines()[-1]


def test_the_models_come_along(environment: Path, decoys: Path) -> None:
    asked = call(environment / "bin" / "workbench", "predict", "pretrained/names-lstm", "Satoshi", cwd=decoys)
    assert "Japanese" in asked
    poem = call(environment / "bin" / "workbench", "poem", "--start", "月", "--form", "五绝", cwd=decoys)
    assert re.fullmatch("月.{4}，.{5}。\n.{5}，.{5}。\n", poem)
