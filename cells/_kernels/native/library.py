"""Loaded library of kernels, and the level of vector instructions that it is used with."""

from __future__ import annotations

import ctypes
import os
import shlex
from contextlib import suppress
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from cells._kernels.native import build
from cells._kernels.native.compiler import BuildError

FORCED = "WORKBENCH_KERNEL_LEVEL"
OFF = "off"


class Level(IntEnum):
    """Vector instructions, as the bits of ``workbench_levels``; each has all that the lower ones have."""

    PORTABLE = 1
    AVX2 = 2
    AVX512 = 4
    AVX512BF16 = 8
    AMX = 16

    @property
    def title(self) -> str:
        """Return the name that ``WORKBENCH_KERNEL_LEVEL`` takes."""
        return self.name.lower()


class Library(NamedTuple):
    """Library of kernels, ready to be called.

    Attributes:
        c: the library; its functions' argument types are for the caller to set.
        level: level to use.
        levels: all levels that can be used here and passed their test, the lowest first.
        remark: why a level that the CPU has is not used; empty if there is none.
        openmp: compiled for several threads.
    """

    c: ctypes.CDLL
    level: Level
    levels: tuple[Level, ...]
    remark: str
    openmp: bool
    built: build.Built

    def level_for(self, *, lowered: bool) -> Level:
        """Return the level for float32, or for bfloat16 autocast: products of bfloat16 are for nothing else."""
        return [one for one in self.levels if one <= self.level and (lowered or one < Level.AVX512BF16)][-1]

    @property
    def described(self) -> str:
        """Return the levels that are used: ``avx512 in float32, amx in bfloat16``."""
        single, mixed = (self.level_for(lowered=lowered).title for lowered in (False, True))
        return single if single == mixed else f"{single} in float32, {mixed} in bfloat16"


def load() -> Library | None:
    """Return the library, built where it is not there; ``None`` if there is none (``reason``). One try a process."""
    import torch  # noqa: F401  # before: the library then shares torch's OpenMP threads

    found = _found()
    return found if isinstance(found, Library) else None


def reason() -> str:
    """Return why there is no library, as one clause; empty where there is one."""
    found = _found()
    return found if isinstance(found, str) else ""


def forget() -> None:
    """Let the next call try again: for tests."""
    _found.cache_clear()


def describe() -> str:
    """Return one line on the library: compiler, levels, place and size, or why there is none. Builds it if need be."""
    found = _found()
    if isinstance(found, str):
        return f"none, cells run as Python loops: {found}"
    path, compiler, seconds = found.built
    forced = f", forced by {FORCED}" if os.environ.get(FORCED) else ""
    parts = [
        f"{found.described}{forced}, of {', '.join(level.title for level in found.levels)}",
        *([found.remark] if found.remark else []),
        *(["one thread, compiled without OpenMP"] if not found.openmp else []),
        f"{shlex.join(compiler.command)}: {compiler.title}",
        f"built in {seconds:.1f} s" if seconds else "kept from before",
        f"{path}, {_size(path) / 1e3:.0f} kB",
    ]
    return "; ".join(parts)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


@cache
def _found() -> Library | str:
    """Return the library, or why there is none."""
    forced = os.environ.get(FORCED, "").strip().lower()
    if forced == OFF:
        return f"{FORCED} is {OFF}"
    if forced and forced not in (level.title for level in Level):
        return f"{FORCED} is {forced!r}, and may be {', '.join(level.title for level in Level)} or {OFF}"
    try:
        built, c = _opened()
    except BuildError as error:
        return str(error)
    has = [level for level in Level if c.workbench_levels() & level]
    right = [level for level in has if c.workbench_self_test(level) == 0]
    wrong = ", ".join(level.title for level in has if level not in right)
    remark = f"{wrong} failed its test" if wrong else ""
    if all(level >= Level.AVX512BF16 for level in right):  # none is for float32
        return f"the kernels failed their test: {wrong}"
    level = Level[forced.upper()] if forced else right[-1]
    if level not in right:
        lacking = remark if level in has else f"this machine has {', '.join(one.title for one in right)}"
        return f"{FORCED} is {forced}, and {lacking}"
    return Library(c, level, tuple(right), remark, bool(c.workbench_openmp()), built)


def _opened() -> tuple[build.Built, ctypes.CDLL]:
    """Return the library loaded; one from the cache that cannot be loaded is built anew, once.

    Raises:
        BuildError: it cannot be built or loaded.
    """
    built = build.build()
    try:
        return built, _open(built.path)
    except (OSError, AttributeError) as error:
        if built.seconds:
            raise _unloadable(error) from None
    with suppress(OSError):
        built.path.unlink()
    built = build.build()
    try:
        return built, _open(built.path)
    except (OSError, AttributeError) as error:
        raise _unloadable(error) from None


def _unloadable(error: Exception) -> BuildError:
    return BuildError(f"the library cannot be loaded: {error}")


def _open(path: Path) -> ctypes.CDLL:
    """Load a library.

    Raises:
        OSError, AttributeError: it is none, or lacks a function.
    """
    c = ctypes.CDLL(str(path))
    c.workbench_levels.argtypes, c.workbench_levels.restype = (), ctypes.c_int
    c.workbench_openmp.argtypes, c.workbench_openmp.restype = (), ctypes.c_int
    c.workbench_self_test.argtypes, c.workbench_self_test.restype = (ctypes.c_int,), ctypes.c_int
    return c
