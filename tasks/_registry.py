"""Tasks by name: the folders of ``tasks/`` and of the folders in ``WORKBENCH_TASKS``, read without torch.

A folder that holds ``settings.py`` or ``task.py`` is a task. Its settings are imported, its task is parsed until it is
loaded; a broken one is listed with the reason and hides no other.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import keyword
import marshal
import os
import struct
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from types import CodeType

from tasks.base import AnyTask, PlainError, Settings, Task

_OWN = Path(__file__).parent
_FILES = ("settings.py", "task.py")
_SHARED = _OWN / "shared"
_SETTINGS: dict[str, type[Settings]] = {}  # the classes that were imported and are sound, by task


class TaskError(PlainError):
    """A task's files cannot be read. The message is one plain sentence."""


class _Fault(Exception):
    """A file or folder that cannot be read: its path, the reason, and the line (0: none in particular)."""

    def __init__(self, path: Path, why: str, line: int | None = 0) -> None:
        super().__init__(f"cannot be read: {path}{f', line {line}' if line else ''}: {why.rstrip('.')}.")


def named_folders() -> list[str]:
    """Return the folders of ``WORKBENCH_TASKS`` (separated as in ``PATH``) as absolute paths."""
    named = filter(None, os.environ.get("WORKBENCH_TASKS", "").split(os.pathsep))
    return [os.path.abspath(os.path.expanduser(folder)) for folder in named]  # noqa: PTH100, PTH111


def available() -> list[str]:
    """Return the names of the tasks that can be read, in alphabetical order."""
    return sorted(_scan()[0])


def unreadable() -> dict[str, str]:
    """Return the reasons why folders cannot be read: name, or path where the name is taken → sentence.

    A sentence is ``cannot be read: FILE, line N: why.``; the line is left out where there is none to name.
    """
    return _scan()[1]


def settings(name: str) -> type[Settings]:
    """Return the settings class of a task, which also carries its title, defaults and presets.

    Raises:
        KeyError: there is no such task.
        TaskError: it cannot be read.
    """
    if name not in _SETTINGS:  # else the folders need no search: hundreds of runs are read at once
        _check(name)
    return _SETTINGS[name]


def load(name: str) -> type[AnyTask]:
    """Import a task, and torch with it, and return its class.

    Raises:
        KeyError: there is no such task.
        TaskError: it cannot be read.
    """
    folder = _check(name)
    try:
        task_class = importlib.import_module(f"tasks.{name}.task").Task
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a file may end the program as well: SystemExit
        raise TaskError(f"Task {name} {_explain(error, folder / 'task.py')}") from error
    if not (isinstance(task_class, type) and issubclass(task_class, Task)):
        fault = _Fault(folder / "task.py", "its Task must be a class that derives from tasks.base.Task")
        raise TaskError(f"Task {name} {fault}")
    return task_class


def _check(name: str) -> Path:
    """Raises: KeyError, TaskError."""
    readable, problems = _scan()
    if name in problems:
        raise TaskError(f"Task {name} {problems[name]}")
    return readable[name]


def _scan() -> tuple[dict[str, Path], dict[str, str]]:
    """Return the folders of the readable tasks by name, and the reasons why all else cannot be read."""
    readable: dict[str, Path] = {}
    problems: dict[str, str] = {}
    for parent in map(Path, dict.fromkeys(sys.modules["tasks"].__path__)):
        try:
            folders = sorted(path for path in parent.iterdir() if path.name[0] not in "_." and path != _SHARED)
            if parent != _OWN and any((parent / file).is_file() for file in _FILES):
                raise _Fault(parent, "it is itself a task's folder: WORKBENCH_TASKS must name the folder above it")
        except (OSError, _Fault) as error:
            problems[str(parent)] = str(error if isinstance(error, _Fault) else _Fault(parent, _reason(error)))
            continue
        for folder in folders:
            name = folder.name
            if not any((folder / file).is_file() for file in _FILES):
                continue
            if name in readable or name in problems:
                owner = readable.get(name, "an earlier folder")
                problems[str(folder)] = str(_Fault(folder, f"the name {name} is taken by {owner}: rename it"))
            elif sentence := _examine(folder, *map(_stamp, (folder / file for file in _FILES))):
                problems[name] = sentence
            else:
                readable[name] = folder
    return readable, problems


def _reason(error: OSError) -> str:
    why = {FileNotFoundError: "there is no such folder", NotADirectoryError: "it is no folder"}
    return f"{why.get(type(error), (error.strerror or str(error)).lower())} (WORKBENCH_TASKS names it)"


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
        return stat.st_mtime_ns, stat.st_size
    except OSError:
        return 0, 0


@lru_cache(maxsize=256)
def _examine(folder: Path, *changed: tuple[int, int]) -> str:
    """Return the sentence on a folder that cannot be read as a task; empty: its settings are imported."""
    try:
        if not folder.name.isidentifier() or keyword.iskeyword(folder.name):
            raise _Fault(folder, "the name of a task's folder must be a Python identifier: rename it")
        for file in _FILES:
            if not (folder / file).is_file():
                raise _Fault(folder, f"it has no {file}")
        try:
            found = _imported_settings(folder)
        except _Fault:
            _parse(folder / "settings.py")  # this reason comes first, then those in the task
            _check_task(folder / "task.py")
            raise
        _check_task(folder / "task.py")
        _SETTINGS[folder.name] = found
    except _Fault as fault:
        return str(fault)
    return ""


def _check_task(path: Path) -> None:
    """Raises: _Fault: as far as its text tells, it cannot be imported, or defines no task."""
    if path.parent.parent == _OWN and "Task" in _compiled_names(path):
        return
    task = _parse(path)
    _check_imports(task, path)
    if not _names_a_task(task):
        raise _Fault(path, "it defines no Task: write a class that derives from tasks.base.Task")


def _compiled_names(path: Path) -> Sequence[str]:
    """Return the names that a module's own level uses, if Python has compiled it since it changed; else none.

    It spares the parsing of what was imported before: a tenth of the time to the screen's first paint.
    """
    with suppress(OSError, ValueError, EOFError, TypeError, NotImplementedError):
        data = Path(importlib.util.cache_from_source(str(path))).read_bytes()
        stat = path.stat()
        times = struct.pack("<III", 0, int(stat.st_mtime) & 0xFFFFFFFF, stat.st_size & 0xFFFFFFFF)
        if data[:16] == importlib.util.MAGIC_NUMBER + times:
            code = marshal.loads(data[16:])
            return code.co_names if isinstance(code, CodeType) else ()
    return ()


def _parse(path: Path) -> ast.Module:
    """Raises: _Fault: it cannot be read or parsed."""
    data = b""
    try:
        data = path.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(data)
    except OSError as error:
        raise _Fault(path, (error.strerror or str(error)).lower()) from None
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        try:
            data.decode()
        except UnicodeDecodeError as wrong:
            raise _Fault(path, "it is not UTF-8", data.count(b"\n", 0, wrong.start) + 1) from None
        if isinstance(error, SyntaxError):
            raise _Fault(path, error.msg, error.lineno) from None
        raise _Fault(path, str(error) or "it is nested too deeply") from None


def _names_a_task(tree: ast.Module) -> bool:
    """Return whether a module's text binds ``Task`` in any way."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name="Task") | ast.Name(id="Task", ctx=ast.Store()):
                return True
            case ast.ImportFrom(names=aliases) | ast.Import(names=aliases):
                if any((alias.asname or alias.name) in ("Task", "*") for alias in aliases):
                    return True
    return False


def _check_imports(tree: ast.Module, path: Path) -> None:
    """Raises: _Fault: a module that is imported at the top level is not installed; none is imported to see that."""
    if path.parent.parent == _OWN:
        return
    for node in tree.body:
        match node:
            case ast.Import(names=aliases):
                roots = [alias.name.partition(".")[0] for alias in aliases]
            case ast.ImportFrom(module=str(module), level=0):
                roots = [module.partition(".")[0]]
            case _:
                continue
        for root in roots:
            if root not in sys.modules and importlib.util.find_spec(root) is None:
                raise _Fault(path, f"ModuleNotFoundError: No module named {root!r}", node.lineno)


def _imported_settings(folder: Path) -> type[Settings]:
    """Raises: _Fault: the settings cannot be imported, or are none."""
    path = folder / "settings.py"
    try:
        found = importlib.import_module(f"tasks.{folder.name}.settings").Settings
        if not (isinstance(found, type) and issubclass(found, Settings)):
            raise _Fault(path, "its Settings must be a class that derives from tasks.base.Settings")
        missing = [name for name in ("title", "about") if not isinstance(getattr(found, name, None), str)]
        if missing:
            raise _Fault(path, f"its Settings need a {missing[0]}: a ClassVar[str]")
        found()
        return found
    except (KeyboardInterrupt, _Fault):
        raise
    except BaseException as error:  # a file may end the program as well: SystemExit
        raise _Fault(*_place(error, path)) from None


def _explain(error: BaseException, path: Path) -> str:
    return str(_Fault(*_place(error, path)))


def _place(error: BaseException, path: Path) -> tuple[Path, str, int | None]:
    """Return where an error that importing ``path`` raised comes from, and why, as a ``_Fault`` takes it."""
    if isinstance(error, SyntaxError) and error.filename:
        return Path(error.filename), error.msg, error.lineno
    if isinstance(error, AttributeError) and error.name in ("Settings", "Task") and type(error.obj) is type(sys):
        return path, f"it defines no {error.name}: write a class that derives from tasks.base.{error.name}", 0
    why = ": ".join(filter(None, [type(error).__name__, *str(error).splitlines()[:1]]))
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if path.parent in Path(frame.filename).parents:
            return Path(frame.filename), why, frame.lineno
    return path, why, 0
