"""Cells by name: the files of ``cells/`` and of the folders in ``WORKBENCH_CELLS``, read without torch.

A file is parsed, not imported; a broken one is listed with the reason and hides no other.

The cell of a file is the one class in it that derives from ``Cell`` and that no other class in it derives from.
Where several are left, those without a ``step``, of their own or inherited, do not count: they are abstract.
"""

from __future__ import annotations

import ast
import keyword
import os
import sys
import traceback
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from cells import _options
from cells._source import OWN, Fault, check_imports, definition, foreign, lineage, own_definition, parse


class CellError(ValueError):
    """A cell's file cannot be read. The message is one plain sentence."""


TODAY = 2018
GROUPS = {
    "classic": f"classic, before {TODAY}",
    "today": f"today's, since {TODAY}",
    "torch": "torch's own",
    "own": "your own",
}
"""Groups of cells in the order of lists, with what each is called: by year of publication, torch's, a user's."""


class About(NamedTuple):
    """Title, equations and source of a cell, and what its class declares."""

    title: str
    text: str
    bidirectional: bool  # it always reads both ways
    year: int = 0  # of the publication; 0: not told
    purpose: str = ""  # a line on what it is for
    group: str = "own"  # one of ``GROUPS``


def named_folders() -> list[str]:
    """Return the folders of ``WORKBENCH_CELLS`` (separated as in ``PATH``) as absolute paths."""
    named = filter(None, os.environ.get("WORKBENCH_CELLS", "").split(os.pathsep))
    return [os.path.abspath(os.path.expanduser(folder)) for folder in named]  # noqa: PTH100, PTH111


def available() -> list[str]:
    """Return the names of the cells that can be read, in alphabetical order."""
    return sorted(_scan()[0])


def unreadable() -> dict[str, str]:
    """Return the reasons why files and folders cannot be read: name, or path where the name is taken → sentence.

    A sentence is ``cannot be read: FILE, line N: why.``; the line is left out where there is none to name.
    """
    return dict(_scan()[1])


def path_of(name: str) -> Path:
    """Return the file of a cell.

    Raises:
        KeyError: there is no such cell.
        CellError: it cannot be read.
    """
    readable, problems = _scan()
    if name in problems:
        raise CellError(f"Cell {name} {problems[name]}")
    return readable[name]


def about(name: str) -> About:
    """Return the description in a cell's file, without importing it; for a broken file, the reason as the title.

    Raises:
        KeyError: there is no such cell.
    """
    readable, problems = _scan()
    if name in problems:
        return About(problems[name], "", False)
    path = readable[name]
    source, year, purpose = parse(path), _declared(path, "year"), _declared(path, "purpose")
    return About(
        source.title,
        source.text,
        bool(both_ways(name)),
        year if isinstance(year, int) else 0,
        " ".join(purpose.split()) if isinstance(purpose, str) else "",
        _group(path, year),
    )


def options(name: str) -> type[msgspec.Struct] | None:
    """Return a cell's own options, without importing it; ``None`` where it declares none.

    Raises:
        KeyError: there is no such cell.
        CellError: it cannot be read.
    """
    path = path_of(name)
    node = _cell(path)
    return None if node is None else _options.struct(path, node)


def both_ways(name: str) -> bool | None:
    """Return whether a cell always reads both ways; ``None``: only importing it can tell.

    Raises:
        KeyError: there is no such cell.
        CellError: it cannot be read.
    """
    path = path_of(name)
    node = _cell(path)
    if node is None:
        return None
    declaration = definition(path, node, "bidirectional")
    if (
        declaration is None
        or (declaration[0] == _ROOT[0] and foreign(path, node))
        or not isinstance(declaration[1], ast.Constant)
    ):
        return None
    return declaration[1].value is True


def twins(name: str) -> list[str]:
    """Return the cells with the same equations and parameters, the hand-written one before torch's; often none.

    Raises:
        KeyError: there is no such cell.
        CellError: it cannot be read.
    """
    first = _declared_twin(path_of(name)) or name
    same = {other for other, path in _scan()[0].items() if (_declared_twin(path) or other) == first}
    return sorted(same - {name}, key=lambda other: (other != first, other))


def declared_twin(name: str) -> str:
    """Return the hand-written cell that a cell names as its twin; empty: none, or there is no such cell."""
    try:
        return _declared_twin(path_of(name))
    except (KeyError, CellError):
        return ""


def _declared_twin(path: Path) -> str:
    """Return the cell that a cell itself declares as its ``twin``; empty: none."""
    declared = _declared(path, "twin")
    return declared if isinstance(declared, str) else ""


def _declared(path: Path, attribute: str) -> object:
    """Return the plain value that a cell's own class, not one that it derives from, gives an attribute."""
    node = _cell(path)
    declared = None if node is None else own_definition(node, attribute)
    return declared.value if isinstance(declared, ast.Constant) else None


def _group(path: Path, year: object) -> str:
    """Return the group of a cell."""
    node = _cell(path)
    if path.parent != OWN or node is None:
        return "own"
    if any((file, base.name) == _TORCH for file, base in lineage(path, node)):
        return "torch"
    return "classic" if isinstance(year, int) and year < TODAY else "today"


def examine(path: Path) -> str:
    """Return the sentence on a file that cannot be read as a cell; empty: as far as its text tells, it can."""
    try:
        _check_name(path)
        node = _cell(path)
        if path.parent != OWN:
            check_imports(path)
        if node is not None:
            _options.struct(path, node)
    except Fault as fault:
        return fault.sentence(path)
    except RecursionError:
        return Fault("it and the files that it imports import each other").sentence(path)
    return ""


def explain(error: BaseException, path: Path) -> str:
    """Return the sentence on an error that importing the cell in ``path`` raised."""
    file, fault = _located(error, path)
    return fault.sentence(file)


def place(error: BaseException, path: Path) -> str:
    """Return ``FILE, line N: why`` for an error that the cell in ``path`` raised."""
    file, fault = _located(error, path)
    return f"{file}{f', line {fault.line}' if fault.line else ''}: {fault.why}"


def _located(error: BaseException, path: Path) -> tuple[Path, Fault]:
    """Return the file beside ``path`` or in a user's folder that an error comes from, its line and the reason."""
    if isinstance(error, SyntaxError) and error.filename:
        return Path(error.filename), Fault(error.msg, error.lineno)
    why = ": ".join(filter(None, [type(error).__name__, *str(error).splitlines()[:1]]))
    folders = {path.parent, *map(Path, sys.modules["cells"].__path__)} - {OWN} or {OWN}
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).parent in folders:
            return Path(frame.filename), Fault(why, frame.lineno)
    return path, Fault(why)


def _scan() -> tuple[dict[str, Path], dict[str, str]]:
    """Return the files of the readable cells by name, and the reasons why all else cannot be read."""
    folders: list[tuple[str, tuple[tuple[str, int, int], ...], str]] = []
    for folder in dict.fromkeys(sys.modules["cells"].__path__):
        try:
            with os.scandir(folder) as entries:
                files = [entry for entry in entries if entry.name.endswith(".py") and entry.name[0] != "."]
            stats = ((entry.name, entry.stat()) for entry in sorted(files, key=lambda entry: entry.name))
            folders.append((folder, tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats), ""))
        except OSError as error:
            why = {FileNotFoundError: "there is no such folder", NotADirectoryError: "it is no folder"}
            folders.append((folder, (), why.get(type(error), (error.strerror or str(error)).lower())))
    return _scanned(tuple(folders))


@lru_cache(maxsize=4)
def _scanned(
    folders: tuple[tuple[str, tuple[tuple[str, int, int], ...], str], ...],
) -> tuple[dict[str, Path], dict[str, str]]:
    readable: dict[str, Path] = {}
    problems: dict[str, str] = {}
    for folder, entries, why in folders:
        if why:
            problems[folder] = Fault(f"{why} (WORKBENCH_CELLS names it)").sentence(Path(folder))
        for path in (Path(folder) / name for name, _, _ in entries if not name.startswith("_")):
            name = path.stem.replace("_", "-")
            if (sentence := examine(path)) or name in readable:
                taken = Fault(f"the name {name} is taken by {readable.get(name)}: rename the file")
                key = str(path) if name in readable or name in problems else name
                problems[key] = sentence or taken.sentence(path)
            elif name in problems:  # importing it would find the broken file of an earlier folder
                problems[str(path)] = Fault(f"the name {name} is taken: rename the file").sentence(path)
            else:
                readable[name] = path
    return readable, problems


def _check_name(path: Path) -> None:
    """Raises: Fault: the file's name cannot be imported."""
    if path.stem.isidentifier() and not keyword.iskeyword(path.stem):
        return
    better = "".join(c if f"_{c}".isidentifier() else "_" for c in path.stem)
    if not better.isidentifier() or keyword.iskeyword(better):
        better = f"cell_{better}"
    raise Fault(f"a cell's file name must be a Python identifier: rename it to {better}.py")


def _cell(path: Path) -> ast.ClassDef | None:
    """Return the cell's class in a file; ``None`` where only importing it can tell.

    Raises:
        Fault: there is none, or more than one.
    """
    every = parse(path).classes.values()
    own = [node for node in every if any((file, base.name) == _ROOT for file, base in lineage(path, node))]
    if not own:
        if any(foreign(path, node) for node in every):
            return None
        raise Fault("it defines no cell: write a class that derives from cells._base.Cell")
    bases = {base.name for node in own for file, base in lineage(path, node)[1:] if file == path}
    last = [node for node in own if node.name not in bases]
    if len(last) > 1:
        last = [node for node in last if _has_step(path, node)] or last
    if len(last) > 1:
        names = " and ".join(node.name for node in last)
        raise Fault(f"it must define one cell, and defines {len(last)}: {names}", last[1].lineno)
    return last[0]


def _has_step(path: Path, node: ast.ClassDef) -> bool:
    step = definition(path, node, "step")
    return foreign(path, node) or (step is not None and step[0] != _ROOT[0])


_ROOT = (OWN / "_base.py", "Cell")
_TORCH = (OWN / "_builtin.py", "BuiltIn")
