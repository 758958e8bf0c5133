"""Library of kernels in the user's cache: built once for sources, compiler and platform. Imports no torch.

A library's name holds a hash of all that it depends on and a hash of its own content, so that a torn file is known
before it is mapped into memory. It is built in a folder of its own and renamed: at every instant there is a whole one
or none. Of several processes that need it at once one builds it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import NamedTuple

import platformdirs

from cells._kernels.native import compiler as compilers
from cells._kernels.native.compiler import BuildError, Compiler, clause

SOURCES = Path(__file__).parent
MAIN = "kernels.c"
KEPT = 4  # libraries: of other versions, and of other machines with the same home
_IN_USE = 30 * 86400.0  # seconds in which another machine may still compute with a library that it found
_BUILDING = ".building-"
_CLAIM = ".claim"  # who builds has it, where the file system has no locks
_CLAIM_SECONDS = 30.0  # after which one builds all the same: the claim is a killed process's, or its machine is slow
_ABANDONED = 3600.0  # seconds after which a folder to build in is a killed process's


class Built(NamedTuple):
    """Library of kernels.

    Attributes:
        seconds: time that building took; 0 if it was there.
    """

    path: Path
    compiler: Compiler
    seconds: float


def folder() -> Path:
    """Return the folder of the libraries: ``WORKBENCH_KERNELS``, else one for each user in the cache.

    The cache is where ``tasks.shared.datasets.cache`` has it; cells do not import tasks.
    """
    if named := os.environ.get("WORKBENCH_KERNELS"):
        return Path(named).absolute()
    cache = Path(os.environ.get("WORKBENCH_CACHE") or platformdirs.user_cache_path("workbench"))
    return cache.absolute() / f"kernels-{os.geteuid()}"


def build() -> Built:
    """Return the library for these sources, this compiler and platform; it is built where it is not there.

    Raises:
        BuildError: there is none and it cannot be built.
    """
    compiler = compilers.find(_trusted())
    try:
        sources = _sources()
    except OSError as error:
        raise BuildError(f"the kernels' sources in {SOURCES} cannot be read: {clause(error)}") from None
    try:
        place = folder()
        place.parent.mkdir(parents=True, exist_ok=True)
        place.mkdir(0o700, exist_ok=True)
        if not _own(place.stat()):
            raise BuildError(f"the cache {place} belongs to another user or can be written by others")
        compilers.remember(place, compiler)
        key = _key(compiler, sources)
        if found := _find(place, key):
            with suppress(OSError):
                os.utime(found)  # it is in use
            return Built(found, compiler, 0.0)
        with _locked(place):
            if found := _find(place, key):
                return Built(found, compiler, 0.0)
            start = time.monotonic()
            path = _build(place, key, compiler, sources)
            _prune(place, path)
            return Built(path, compiler, time.monotonic() - start)
    except (OSError, RuntimeError) as error:  # RuntimeError: nobody's home is known
        raise BuildError(f"the cache {_place_named()} cannot be written: {clause(error)}") from None


def _trusted() -> Path:
    """Return the folder, where it is there and this user's own; else one that holds nothing."""
    with suppress(OSError, RuntimeError):
        if _own(folder().stat()):
            return folder()
    return Path(os.devnull)


def _place_named() -> str:
    try:
        return str(folder())
    except RuntimeError:
        return "in the home folder"


def _sources() -> dict[str, bytes]:
    """Return the sources' contents by their names."""
    files = sorted(path for path in SOURCES.iterdir() if path.suffix in (".c", ".h"))
    return {path.name: path.read_bytes() for path in files}


def _key(compiler: Compiler, sources: dict[str, bytes]) -> str:
    """Return a hash of all that a library depends on."""
    libc = os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in os.confstr_names else None
    parts = (compiler, compilers.FLAGS, compiler.openmp, sys.platform, platform.machine(), libc, sources)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:20]


def _own(state: os.stat_result) -> bool:
    """Return whether a file or folder is this user's, and nobody else can write it."""
    return state.st_uid == os.geteuid() and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _find(place: Path, key: str) -> Path | None:
    """Return the library of a key; a file that is torn or not this user's own is not taken."""
    return next((path for path in sorted(place.glob(f"kernels-{key}-*.so")) if _whole(path)), None)


def _whole(path: Path) -> bool:
    """Return whether a library is a file of this user's own with the content that its name tells."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            state = os.fstat(descriptor)
            return stat.S_ISREG(state.st_mode) and _own(state) and path.stem.endswith(f"-{_digest(file.read())}")
    except OSError:
        return False


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:20]


def _build(place: Path, key: str, compiler: Compiler, sources: dict[str, bytes]) -> Path:
    """Compile the sources beside and put the library in its place.

    Raises:
        BuildError: the compiler failed.
        OSError: the folder cannot be written.
    """
    beside = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=place))
    try:
        for name, content in sources.items():  # copied: what is compiled is what the key was made of
            (beside / name).write_bytes(content)
        target = beside / "kernels.so"
        compilers.compile_library(compiler, beside / MAIN, target)
        target.chmod(0o700)
        with target.open("rb") as file:
            os.fsync(file.fileno())
            path = place / f"kernels-{key}-{_digest(file.read())}.so"
        os.replace(target, path)
        return path
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Hold the folder's lock, which ends with this process and is not the compiler's.

    Where the file system has no locks a folder is claimed; where the holder does not come to an end, go on without:
    renaming is atomic.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(place / ".lock", flags, 0o600), "rb+", buffering=0) as file:
        holding: AbstractContextManager[None] = nullcontext()
        patience = time.monotonic() + 2 * compilers.TIMEOUT + 1
        while time.monotonic() < patience:
            try:
                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.05)
            except OSError:
                holding = _claimed(place)
                break
            else:
                break
        with holding:
            yield


@contextmanager
def _claimed(place: Path) -> Iterator[None]:
    """Hold a folder that one process at a time can make; one that a killed process left is waited for once."""
    claim = place / _CLAIM
    patience = time.monotonic() + _CLAIM_SECONDS
    while time.monotonic() < patience:
        try:
            claim.mkdir()
            break
        except FileExistsError:
            time.sleep(0.05)
    try:
        yield
    finally:
        with suppress(OSError):
            claim.rmdir()


def _prune(place: Path, newest: Path) -> None:
    """Remove libraries that nobody needs, all but the newest, and what killed processes left.

    On a network file system a library that is removed is gone for a process of another machine that computes with it,
    which dies of it: what was found there lately stays.
    """

    def changed(path: Path) -> float:
        try:
            return path.lstat().st_mtime
        except OSError:
            return 0.0

    others = [path for path in place.glob("kernels-*.so") if path != newest]
    for path in sorted(others, key=changed, reverse=True)[KEPT - 1 :]:
        if changed(path) < time.time() - _IN_USE:
            with suppress(OSError):
                path.unlink()
    for path in place.glob(f"{_BUILDING}*"):
        if changed(path) < time.time() - _ABANDONED:
            shutil.rmtree(path, ignore_errors=True)
