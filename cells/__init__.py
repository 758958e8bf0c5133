"""The cells: what one recurrence is. One file a cell, found by its name.

A file's name is the cell's name (``_`` reads as ``-``); its docstring holds title, equations and source.
``available`` and ``about`` never import torch; ``build`` does.
Folders named in ``WORKBENCH_CELLS`` (separated as in ``PATH``) are searched too.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import pkgutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cells._recurrent import Recurrent

__path__ = [*__path__, *filter(None, os.environ.get("WORKBENCH_CELLS", "").split(os.pathsep))]


class About(NamedTuple):
    """A cell's title, its equations and source, and whether it always reads both ways."""

    title: str
    text: str
    bidirectional: bool


def available() -> list[str]:
    """The cells that there are, in alphabetical order."""
    return sorted(
        m.name.replace("_", "-")
        for m in pkgutil.iter_modules(__path__)
        if m.name.isidentifier() and not m.name.startswith("_") and not m.ispkg
    )


def about(name: str) -> About:
    """What a cell's file says of it, read without importing it.

    Raises:
        KeyError: there is no such cell.
    """
    if name not in available():
        raise KeyError(name)
    file = f"{_module(name)}.py"
    path = next(p for p in (Path(folder) / file for folder in __path__) if p.is_file())
    return _read(path, path.stat().st_mtime_ns)


@cache
def _read(path: Path, changed: int) -> About:
    """What a file says; read again when it has ``changed``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    title, _, text = (ast.get_docstring(tree) or path.stem.replace("_", "-")).partition("\n")
    return About(title.strip().rstrip("."), text.strip("\n"), any(map(_sets_bidirectional, ast.walk(tree))))


def _sets_bidirectional(node: ast.AST) -> bool:
    if not isinstance(node, ast.Assign | ast.AnnAssign):
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    named = any(isinstance(target, ast.Name) and target.id == "bidirectional" for target in targets)
    return named and isinstance(node.value, ast.Constant) and node.value.value is True


def build(
    name: str,
    input_size: int,
    hidden_size: int,
    *,
    layers: int = 1,
    bidirectional: bool = False,
    dropout: float = 0.0,
    output_size: int = 0,
) -> Recurrent:
    """A recurrent network of the named cell.

    Args:
        input_size: I, features of each step.
        hidden_size: H, width of the state.
        layers: L, cells stacked.
        bidirectional: read each sequence both ways (always so for ``bilstm``).
        dropout: share of each layer's outputs dropped before the next layer, in training.
        output_size: O, for cells whose output is not their state (``tutorial-rnn``); 0: the hidden size.

    Raises:
        KeyError: there is no such cell.
        ValueError: the cell cannot be built with these values.
    """
    from cells._base import Cell
    from cells._recurrent import Recurrent

    if name not in available():
        raise KeyError(name)
    module = importlib.import_module(f"cells.{_module(name)}")
    own = [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Cell) and member.__module__ == module.__name__
    ]
    if len(own) != 1:
        raise ValueError(f"cells/{_module(name)}.py must define exactly one Cell, and defines {len(own)}.")
    return Recurrent(
        own[0],
        input_size,
        hidden_size,
        layers=layers,
        bidirectional=bidirectional,
        dropout=dropout,
        output_size=output_size,
    )


def _module(name: str) -> str:
    return name.replace("-", "_")
