"""A cell's file as text: its docstring, its classes and what they inherit, found by parsing it. No torch."""

from __future__ import annotations

import ast
import builtins
import importlib.util
import sys
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

OWN = Path(__file__).parent
Definition = tuple[Path, ast.AST]

# classes from these modules are no cells and set nothing of a cell's
_KNOWN = frozenset(sys.stdlib_module_names) | {"torch", "msgspec", "typing_extensions", "numpy"}


class Fault(Exception):
    """A file that cannot be read as a cell: why, and in which line (0: none in particular)."""

    def __init__(self, why: str, line: int | None = 0) -> None:
        super().__init__(why)
        self.why, self.line = why.rstrip("."), line or 0

    def sentence(self, path: Path) -> str:
        return f"cannot be read: {path}{f', line {self.line}' if self.line else ''}: {self.why}."


class ParsedFile(NamedTuple):
    """Parsed file of a cell."""

    title: str
    text: str
    body: list[ast.stmt]
    classes: dict[str, ast.ClassDef]  # at its top level, as are the imports
    imports: dict[str, tuple[str, str]]  # local name → module and the name in it (empty: the module itself)


def parse(path: Path) -> ParsedFile:
    """Return a parsed file, read again when it has changed.

    Raises:
        Fault: it cannot be read or parsed.
    """
    try:
        stat = path.stat()
        source = _parse(path, stat.st_mtime_ns, stat.st_size)
    except OSError as error:
        raise Fault((error.strerror or str(error)).lower()) from None
    if isinstance(source, Fault):
        raise Fault(source.why, source.line)
    return source


@lru_cache(maxsize=1024)
def _parse(path: Path, changed: int, size: int) -> ParsedFile | Fault:
    data = path.read_bytes()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        try:
            data.decode()
        except UnicodeDecodeError as wrong:
            return Fault("it is not UTF-8", data.count(b"\n", 0, wrong.start) + 1)
        if isinstance(error, SyntaxError):
            return Fault(error.msg, error.lineno)
        return Fault(str(error) or "it is nested too deeply")
    title, _, text = (ast.get_docstring(tree) or path.stem.replace("_", "-")).partition("\n")
    imports: dict[str, tuple[str, str]] = {}
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                package = alias.name if alias.asname else alias.name.partition(".")[0]
                imports[alias.asname or package] = (package, "")
        elif isinstance(node, ast.ImportFrom):
            module = ".".join(filter(None, ["cells" * (node.level == 1), node.module or ""]))
            imports |= {alias.asname or alias.name: (module, alias.name) for alias in node.names}
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    return ParsedFile(title.strip().rstrip("."), text.strip("\n"), tree.body, classes, imports)


def check_imports(path: Path) -> None:
    """Look for the modules that a file imports at its top level, without importing them.

    Raises:
        Fault: one of them is not installed.
    """
    for node in parse(path).body:
        match node:
            case ast.Import(names=aliases):
                modules = [alias.name for alias in aliases]
            case ast.ImportFrom(module=str(module), level=0):
                modules = [module]
            case _:
                continue
        for module in modules:
            if not _is_here(module):
                raise Fault(f"ModuleNotFoundError: No module named {module!r}", node.lineno)


def _is_here(module: str) -> bool:
    """Return whether a top-level module, or a file among the cells, can be found."""
    package, _, stem = module.partition(".")
    if package == "cells" and stem:
        places = [Path(folder) / stem.replace(".", "/") for folder in sys.modules["cells"].__path__]
        return any(place.is_dir() or place.with_suffix(".py").is_file() for place in places)
    try:
        return package in sys.modules or importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def lineage(path: Path, node: ast.ClassDef) -> list[tuple[Path, ast.ClassDef]]:
    """Return a class and its bases as far as their files are cells', in the order in which attributes are found."""
    last: dict[tuple[Path, str], tuple[Path, ast.ClassDef]] = {}
    for file, base in _descend(path, node, set()):
        last.pop((file, base.name), None)  # a base that several share comes after all of them
        last[file, base.name] = (file, base)
    return list(last.values())


def _descend(path: Path, node: ast.ClassDef, above: set[tuple[Path, str]]) -> Iterator[tuple[Path, ast.ClassDef]]:
    if (path, node.name) in above:  # it derives from itself: importing it will fail
        return
    yield path, node
    for base in node.bases:
        if (parent := resolve(path, base)) is not None:
            yield from _descend(*parent, above | {(path, node.name)})


def foreign(path: Path, node: ast.ClassDef) -> bool:
    """Return whether a class has a base in code that is not looked through: only importing it tells the rest."""
    return any(
        resolve(file, base) is None and _origin(file, base).partition(".")[0] not in _KNOWN
        for file, owner in lineage(path, node)
        for base in owner.bases
    )


def definition(path: Path, node: ast.ClassDef, name: str) -> Definition | None:
    """Return the file and the syntax that give a class its attribute ``name``: a value, a function, a class.

    An attribute that is set under a condition gives the statement with the condition.
    """
    for file, owner in lineage(path, node):
        if (found := own_definition(owner, name)) is not None:
            return file, found
    return None


def own_definition(node: ast.ClassDef, name: str) -> ast.AST | None:
    """Return the syntax that gives a class its attribute ``name`` in its own body, as ``definition`` does."""
    for statement in reversed(node.body):
        match statement:
            case ast.Assign(targets=targets, value=value):
                if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                    return value
            case ast.AnnAssign(target=ast.Name(id=target), value=value):
                if target == name and value is not None:
                    return value
            case ast.FunctionDef(name=own) | ast.ClassDef(name=own):
                if own == name:
                    return statement
            case _:
                if any(isinstance(inner, ast.Name) and inner.id == name for inner in ast.walk(statement)):
                    return statement
    return None


def resolve(path: Path, expression: ast.expr) -> tuple[Path, ast.ClassDef] | None:
    """Return the class that an expression in a file names, where it stands in a cell's file."""
    if isinstance(expression, ast.Subscript):  # Cell[Hidden]
        return resolve(path, expression.value)
    if isinstance(expression, ast.Name) and (node := parse(path).classes.get(expression.id)) is not None:
        return path, node
    module, _, name = _origin(path, expression).rpartition(".")
    package, _, stem = module.partition(".")
    if package != "cells" or not stem or "." in stem:
        return None
    for folder in sys.modules["cells"].__path__:
        file = Path(folder) / f"{stem}.py"
        if file.is_file() and file != path:
            try:
                return resolve(file, ast.Name(id=name))
            except Fault:
                return None
    return None


def _origin(path: Path, expression: ast.expr) -> str:
    """Return the dotted name behind an expression (``cells.lstm.LSTM``); empty where it is none."""
    if isinstance(expression, ast.Subscript):
        return _origin(path, expression.value)
    if isinstance(expression, ast.Attribute):
        owner = _origin(path, expression.value)
        return owner and f"{owner}.{expression.attr}"
    if isinstance(expression, ast.Name):
        if expression.id in parse(path).imports:
            return ".".join(filter(None, parse(path).imports[expression.id]))
        return f"builtins.{expression.id}" if hasattr(builtins, expression.id) else ""
    return ""
