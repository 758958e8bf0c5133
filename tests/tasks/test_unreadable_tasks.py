"""Folders of tasks that cannot be read: each is listed with the reason, and hides no other."""

from __future__ import annotations

import py_compile
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tasks
from tasks import TaskError, _registry
from workbench.config import spec

SETTINGS = '''"""Own settings."""

from typing import ClassVar

from tasks import base


class Settings(base.Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: ClassVar[str] = "own"
    about: ClassVar[str] = "A task of the tests."
'''
TASK = '"""Own task."""\n\nfrom tasks.base import Task as Base\n\n\nclass Task(Base): ...\n'
END = SETTINGS.count("\n") + 1

BROKEN = {
    "settings_syntax": ("x = (\n", TASK, "settings.py, line 1: '(' was never closed."),
    "task_syntax": (SETTINGS, "def (:\n", "task.py, line 1: invalid syntax."),
    "settings_import": (f"{SETTINGS}import numpyx\n", TASK, f"settings.py, line {END}: ModuleNotFoundError: No module"),
    "task_import": (
        SETTINGS,
        f"import numpyx\n{TASK}",
        "task.py, line 1: ModuleNotFoundError: No module named",
    ),
    "no_settings_file": (None, TASK, ": it has no settings.py."),
    "no_task_file": (SETTINGS, None, ": it has no task.py."),
    "no_settings": ("x = 1\n", TASK, "settings.py: it defines no Settings: write a class that derives from tasks.base"),
    "no_task": (SETTINGS, "x = 1\n", "task.py: it defines no Task: write a class that derives from tasks.base.Task."),
    "other_settings": ("class Settings: ...\n", TASK, "settings.py: its Settings must be a class that derives from"),
    "no_title": (
        SETTINGS.replace("title:", "titled:"),
        TASK,
        "settings.py: its Settings need a title: a ClassVar",
    ),
    "required": (f"{SETTINGS}    rows: int\n", TASK, "settings.py: TypeError: Missing required argument 'rows'."),
    "leaves": (f"{SETTINGS}raise SystemExit(4)\n", TASK, f"settings.py, line {END}: SystemExit: 4."),
    "fails": (f"{SETTINGS}raise BaseException('no')\n", TASK, f"settings.py, line {END}: BaseException: no."),
    "hyphen-ated": (SETTINGS, TASK, ": the name of a task's folder must be a Python identifier: rename it."),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder of tasks; what is imported from it is forgotten afterwards."""
    own = tmp_path / "own-tasks"
    own.mkdir()
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(own)])
    before = set(sys.modules)
    yield own
    for name in set(sys.modules) - before:
        if name.startswith("tasks.") and own in Path(str(sys.modules[name].__file__)).parents:
            del sys.modules[name]


def write(parent: Path, name: str, settings: str | None, task: str | None) -> Path:
    place = parent / name
    place.mkdir()
    for file, text in (("__init__.py", ""), ("settings.py", settings), ("task.py", task)):
        if text is not None:
            (place / file).write_text(text, encoding="utf-8")
    return place


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_folder_is_listed_with_file_line_and_reason(folder: Path, name: str) -> None:
    settings, task, reason = BROKEN[name]
    place = write(folder, name, settings, task)
    assert set(tasks.available()) >= {"names", "poems", "toy"}
    assert name not in tasks.available()
    sentence = tasks.unreadable()[name]
    assert sentence.startswith(f"cannot be read: {place}")
    assert reason in sentence
    assert sentence.endswith(".")
    for use in (tasks.settings, tasks.load):
        with pytest.raises(TaskError, match=re.escape(f"Task {name} {sentence}")):
            use(name)
    with pytest.raises(spec.SpecError, match=re.escape(f"Task {name} {sentence}")):
        spec.make(name, "lstm")


def test_a_file_that_is_not_utf8_names_the_line(folder: Path) -> None:
    place = write(folder, "latin", SETTINGS, TASK)
    (place / "task.py").write_bytes('x = 1\ny = "é"\n'.encode("latin-1"))
    assert tasks.unreadable()["latin"] == f"cannot be read: {place / 'task.py'}, line 2: it is not UTF-8."


def test_an_error_that_only_importing_shows_names_its_line(folder: Path) -> None:
    place = write(folder, "late", SETTINGS, f"{TASK}1 / 0\n")
    assert "late" in tasks.available()
    with pytest.raises(
        TaskError, match=re.escape(f"{place / 'task.py'}, line 7: ZeroDivisionError: division by zero.")
    ):
        tasks.load("late")


def test_a_name_that_is_taken_is_listed_by_its_folder(folder: Path) -> None:
    place = write(folder, "names", SETTINGS, TASK)
    assert tasks.unreadable()[str(place)].startswith(f"cannot be read: {place}: the name names is taken by ")
    assert tasks.settings("names").title != "own"


def test_folders_that_hold_no_tasks_are_listed(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere, itself = tmp_path / "nowhere", write(tmp_path, "itself", SETTINGS, TASK)
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(nowhere), str(itself)])
    (folder / "notes").mkdir()  # no task, and nothing is wrong with it
    assert "names" in tasks.available()
    assert tasks.unreadable() == {
        str(nowhere): f"cannot be read: {nowhere}: there is no such folder (WORKBENCH_TASKS names it).",
        str(itself): f"cannot be read: {itself}: it is itself a task's folder: WORKBENCH_TASKS must name the folder "
        "above it.",
    }


def test_a_whole_task_is_read_also_without_an_init_file(folder: Path) -> None:
    place = write(folder, "whole", SETTINGS, TASK)
    (place / "__init__.py").unlink()
    assert tasks.unreadable() == {}
    assert tasks.settings("whole").title == "own"
    assert tasks.load("whole").__name__ == "Task"


def test_an_unknown_name_is_a_key_error() -> None:
    for use in (tasks.settings, tasks.load):
        for name in ("nams", "shared", "base", ""):
            with pytest.raises(KeyError):
                use(name)


def test_a_compiled_module_tells_its_names_until_its_source_changes(tmp_path: Path) -> None:
    source = tmp_path / "task.py"
    source.write_text("class Task:\n    pass\n")
    assert not _registry._compiled_names(source)
    py_compile.compile(str(source))
    assert "Task" in _registry._compiled_names(source)
    source.write_text("class Task(:\n    pass\n")
    assert not _registry._compiled_names(source)
