"""The cells: one recurrence a file, found by its name.

A file's name is the cell's name (``_`` reads as ``-``); its docstring holds title, equations and source.
Folders named in ``WORKBENCH_CELLS`` (separated as in ``PATH``) are searched too. ``available``, ``unreadable``,
``about``, ``options`` and ``twins`` never import torch; ``build`` and ``load`` do.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cells._registry import (
    GROUPS,
    About,
    CellError,
    about,
    available,
    both_ways,
    declared_twin,
    examine,
    explain,
    named_folders,
    options,
    path_of,
    twins,
    unreadable,
)

if TYPE_CHECKING:
    from cells._base import AnyCell
    from cells._recurrent import Recurrent

__path__ = [*__path__, *named_folders()]
__all__ = [
    "GROUPS",
    "About",
    "CellError",
    "about",
    "available",
    "build",
    "declared_twin",
    "in_groups",
    "load",
    "options",
    "reads_both_ways",
    "twins",
    "unreadable",
]


def in_groups(names: Iterable[str]) -> dict[str, list[str]]:
    """Return the cells of each of ``GROUPS`` that has any, the oldest first.

    Raises:
        KeyError: there is no such cell.
    """
    described = {name: about(name) for name in names}
    by_age = sorted(described, key=lambda name: (described[name].year, name))
    every = {group: [name for name in by_age if described[name].group == group] for group in GROUPS}
    return {group: members for group, members in every.items() if members}


def reads_both_ways(name: str) -> bool:
    """Return whether a cell always reads both ways; it is imported only where its text does not tell.

    Raises:
        KeyError: there is no such cell.
        CellError: it cannot be read.
    """
    declared = both_ways(name)
    return load(name).bidirectional if declared is None else declared


def build(
    name: str,
    input_size: int,
    hidden_size: int,
    *,
    layers: int = 1,
    bidirectional: bool = False,
    dropout: float = 0.0,
    output_size: int = 0,
    options: Mapping[str, object] | None = None,
    kernel: str = "auto",
) -> Recurrent:
    """Return a recurrent network of the named cell.

    Args:
        input_size: I, features of each step.
        hidden_size: H, width of the state.
        layers: L, cells stacked.
        bidirectional: read each sequence both ways (always so for ``bilstm``).
        dropout: share of each layer's outputs dropped before the next layer, in training.
        output_size: O, for cells whose output is not their state (``tutorial-rnn``); 0: the hidden size.
        options: values of the cell's own ``Options``; the others keep their defaults.
        kernel: what computes the recurrence, one of ``cells._kernels.KERNELS``.

    Raises:
        KeyError: there is no such cell.
        CellError: it cannot be read.
        ValueError: the cell cannot be built with these values.
    """
    from cells._recurrent import Recurrent

    return Recurrent(
        load(name),
        input_size,
        hidden_size,
        layers=layers,
        bidirectional=bidirectional,
        dropout=dropout,
        output_size=output_size,
        options=options,
        kernel=kernel,
    )


def load(name: str) -> type[AnyCell]:
    """Import a cell and return its class.

    Raises:
        KeyError: there is no such cell.
        CellError: it cannot be read.
    """
    path = path_of(name)
    return _class_in(path, f"Cell {name}", lambda: importlib.import_module(f"cells.{path.stem}"))


def load_file(path: Path) -> type[AnyCell]:
    """Import a cell from a file that need not lie in a folder of cells.

    Raises:
        CellError: it cannot be read.
    """
    path = path.absolute()
    if sentence := examine(path):
        raise CellError(f"It {sentence}")
    if str(path.parent) not in __path__:
        __path__.append(str(path.parent))  # for what the file imports from beside itself
    return _class_in(path, "It", lambda: _module_from(path))


def _module_from(path: Path) -> ModuleType:
    name = f"cells._file_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _class_in(path: Path, who: str, read: Any) -> type[AnyCell]:
    """Return the one concrete cell of a module that no other class in it derives from."""
    from cells._base import Cell

    try:
        module: ModuleType = read()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a file may end the program as well: SystemExit
        raise CellError(f"{who} {explain(error, path)}") from error
    own: list[type[AnyCell]] = [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Cell) and member.__module__ == module.__name__
    ]
    last = [one for one in own if not any(issubclass(other, one) for other in own if other is not one)]
    concrete = [one for one in last if not inspect.isabstract(one)]
    if len(concrete) == 1:
        return concrete[0]
    count = "no cell" if not own else "no step" if not concrete else f"{len(concrete)} cells"
    raise CellError(f"{who} cannot be read: {path}: it must define one cell, and defines {count}.")
