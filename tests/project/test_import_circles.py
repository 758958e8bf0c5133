"""No file imports itself by way of others: imports of any depth are counted, those of types alone too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("cells", "tasks", "workbench")


def modules(root: Path) -> dict[str, Path]:
    """Return the files of the packages, by their dotted names."""
    files = [path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]
    return {".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def imports(file: Path, name: str, known: dict[str, Path]) -> Iterator[str]:
    """Return the modules among the ``known`` ones that a file imports; of ``from a import b``, b where it is one."""
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*parents, *filter(None, [node.module])])
            for alias in node.names:
                module = f"{origin}.{alias.name}"
                yield from (found for found in [module if module in known else origin] if found in known)


def graph(root: Path) -> dict[str, set[str]]:
    """Return each module's imports; a module's import of itself (``from a import b`` within ``a``) is none."""
    known = modules(root)
    return {name: set(imports(file, name, known)) - {name} for name, file in known.items()}


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Return a circle of modules, each imported by the next; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_file_imports_itself_by_way_of_others() -> None:
    found = graph(ROOT)
    assert len(found) > 200
    assert sum(map(len, found.values())) > 500
    assert circle(found) == []


@pytest.mark.parametrize(
    "statement",
    [
        "import cells.one",
        "from cells import one",
        "from cells.one import Name",
        "from . import one",
        "from .one import Name",
        "if TYPE_CHECKING:\n    from cells.one import Name",
        "def late():\n    from cells import one",
    ],
)
def test_a_circle_is_found_whatever_its_import_looks_like(tmp_path: Path, statement: str) -> None:
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "__init__.py").write_text("")
    (tmp_path / "cells" / "one.py").write_text("import torch\nfrom cells.two import Other\n")
    (tmp_path / "cells" / "two.py").write_text(f"{statement}\n")
    assert set(circle(graph(tmp_path))) == {"cells.one", "cells.two"}
    (tmp_path / "cells" / "two.py").write_text("from cells.two import Other\n")
    assert circle(graph(tmp_path)) == []
