"""System calls that fail: a small library, built on the spot with the machine's C compiler and preloaded."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from forker import Forker

SOURCE = Path(__file__).with_name("shim.c")


def forker_with(folder: Path) -> Iterator[Forker]:
    """Build the library in a folder and start a forker under it; skip where that cannot be."""
    compiler = shutil.which("cc")
    if sys.platform != "linux" or not compiler:
        pytest.skip("system calls are made to fail on Linux, with a C compiler (cc)")
    library = folder / "shim.so"
    built = subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"],
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        pytest.skip(f"the library that makes system calls fail cannot be built: {built.stderr[-300:]}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LD_PRELOAD", str(library))
        forker = Forker()
    with closing(forker):
        yield forker


def fault(
    calls: str,
    act: int | str,
    k: int,
    path: str,
    *,
    lasting: bool = False,
    worker: bool = False,
    log: Path | None = None,
) -> dict[str, str]:
    """Environment for ``shim.c``.

    Args:
        calls: names of system calls, with commas.
        act: the error's number, ``short``, or ``sigN``.
        k: which call is struck, from 1; 0: none, they are only counted in the log.
        path: pattern that the whole path matches.
        lasting: every later call is struck too.
        worker: only a worker is struck, not who starts it.
    """
    made = {"CHAOS_CALLS": calls, "CHAOS_ACT": str(act), "CHAOS_K": str(k), "CHAOS_PATH": path}
    made |= {"CHAOS_LASTING": "1"} if lasting else {}
    made |= {"CHAOS_WORKER": "1"} if worker else {}
    return made | ({"CHAOS_LOG": str(log)} if log else {})


def calls_made(log: Path) -> list[str]:
    """Lines of the log: name, number, path of each call."""
    return log.read_text(errors="replace").splitlines() if log.exists() else []


def without_faults() -> None:
    """Take the settings of ``fault`` out of this process's environment."""
    for name in [name for name in os.environ if name.startswith("CHAOS_")]:
        del os.environ[name]
