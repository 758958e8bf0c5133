"""Compilers for the tests of the kernels' building: the machine's own, and scripts that stand in its place.

Building is tested with a library of three functions, which is compiled in no time; the kernels are built once for all
tests.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cells._kernels.native import build, library
from cells._kernels.native.compiler import BuildError

COMPILER = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C compiler (cc, gcc, clang)")
SMALL = {
    "levels.h": "#define PORTABLE 1\n",
    "kernels.c": """
#include "levels.h"
int workbench_levels(void) { return PORTABLE; }
int workbench_self_test(int level) { return level != PORTABLE; }
#ifdef _OPENMP
int workbench_openmp(void) { return 1; }
#else
int workbench_openmp(void) { return 0; }
#endif
""",
}


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that has not tried to load the library."""
    monkeypatch.delenv("CC", raising=False)
    library.forget()
    yield
    library.forget()


@pytest.fixture
def place(anew: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and the sources of a small library to build there."""
    monkeypatch.delenv("WORKBENCH_KERNELS")
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    sources = tmp_path / "sources"
    sources.mkdir()
    for name, content in SMALL.items():
        (sources / name).write_text(content)
    monkeypatch.setattr(build, "SOURCES", sources)
    return tmp_path


def script(folder: Path, *lines: str) -> Path:
    """Return a compiler that says its version, appends its arguments to ``runs`` and goes on with the lines."""
    path = folder / "fake-cc"
    version = 'if [ "$1" = --version ]; then echo "fake 1.0"; exit; fi'
    path.write_text("\n".join(["#!/bin/sh", version, f'echo "$@" >> {folder}/runs', *lines, ""]))
    path.chmod(0o755)
    return path


def runs(folder: Path) -> list[str]:
    """Return the arguments of each run of ``script``."""
    file = folder / "runs"
    return file.read_text().splitlines() if file.exists() else []


def libraries() -> list[Path]:
    """Return the libraries in the cache."""
    return sorted(build.folder().glob("kernels-*.so"))


def left_over() -> list[str]:
    """Whatever lies in the folder beside libraries and lock."""
    return [
        path.name for path in build.folder().iterdir() if path.suffix not in (".so", ".txt") and path.name != ".lock"
    ]


def failure() -> str:
    """Return why there is no library."""
    with pytest.raises(BuildError) as caught:
        build.build()
    return str(caught.value)
