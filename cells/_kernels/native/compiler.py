"""The machine's C compiler: found, asked for its version, run within a time limit. Imports no torch."""

from __future__ import annotations

import hashlib
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

TIMEOUT = 180.0  # seconds for one run of the compiler
NAMES = ("cc", "gcc", "clang")
# no -ffast-math, which sets flush-to-zero for the whole process; no -march: a library may meet another CPU
FLAGS = (
    *("-O3", "-std=gnu11", "-fPIC", "-shared"),
    *("-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math"),
)
OPENMP = "-fopenmp"
_OPENMP_WORDS = ("openmp", "gomp", "omp.h")  # in the message of a compiler that lacks it


class BuildError(Exception):
    """There is no library of kernels. The message is the reason as one clause."""


class Compiler(NamedTuple):
    """C compiler.

    Attributes:
        command: the program's path, and arguments that ``CC`` gives along.
        version: all that it prints for ``--version``.
    """

    command: tuple[str, ...]
    version: str

    @property
    def title(self) -> str:
        """Return the first line of its version."""
        return self.version.partition("\n")[0].strip()

    @property
    def openmp(self) -> tuple[str, ...]:
        """Return the flag for OpenMP.

        Clang has none here: its runtime ends the process where torch has loaded Intel's, which is of the same make.
        """
        return () if "clang" in self.version else (OPENMP,)


def find(known: Path) -> Compiler:
    """Return the compiler that ``CC`` names, else the first of ``cc``, ``gcc`` and ``clang``.

    Args:
        known: a folder that remembers versions, so that a process need not ask each time; it need not be there.

    Raises:
        BuildError: there is none, or it does not say its version.
    """
    named = os.environ.get("CC", "").strip()
    try:
        words = shlex.split(named)
    except ValueError:
        words = [named]
    if words:
        program = shutil.which(words[0])
        if not program:
            raise BuildError(f"no C compiler was found: CC names {words[0]}")
        command = (program, *words[1:])
    else:
        found = next(filter(None, map(shutil.which, NAMES)), None)
        if not found:
            raise BuildError("no C compiler was found")
        command = (found,)
    remembered = known / f"compiler-{_identity(command)}.txt"
    with suppress(OSError, UnicodeDecodeError):
        if version := remembered.read_text().strip():
            return Compiler(command, version)
    status, output = run([*command, "--version"])
    if status or not output.strip():
        raise BuildError(f"the C compiler {command[0]} does not work: {first_error(output) or f'status {status}'}")
    return Compiler(command, output.strip())


def remember(known: Path, compiler: Compiler) -> None:
    """Keep a compiler's version in a folder, until its program is another one."""
    with suppress(OSError):
        target = known / f"compiler-{_identity(compiler.command)}.txt"
        if not target.exists():
            beside = target.with_suffix(f".{os.getpid()}-{secrets.token_hex(4)}")
            beside.write_text(compiler.version)
            beside.replace(target)


def _identity(command: tuple[str, ...]) -> str:
    """Return a hash of a command and of the file that it runs, as far as its time and size tell."""
    with suppress(OSError):
        state = Path(command[0]).stat()
        return hashlib.sha256(repr((command, state.st_mtime_ns, state.st_size)).encode()).hexdigest()[:20]
    return "none"


def compile_library(compiler: Compiler, source: Path, target: Path) -> None:
    """Compile a source into a shared library, with OpenMP where that can be had.

    Raises:
        BuildError: the compiler failed, or took more than ``TIMEOUT`` seconds.
    """
    for openmp in dict.fromkeys((compiler.openmp, ())):
        command = [*compiler.command, *FLAGS, *openmp, "-o", target.name, source.name, "-lm"]
        status, output = run(command, source.parent)
        if not status and target.is_file():
            return
        if not any(word in output for word in _OPENMP_WORDS):
            break  # it fails for another reason, which may pass: no library without threads is kept for it
    raise BuildError(f"the compiler failed: {first_error(output) or f'status {status}'}")


def run(command: Sequence[str], folder: Path | None = None) -> tuple[int, str]:
    """Run a program, in a folder that also takes its temporary files; return its status and what it printed.

    It gets a process group of its own and a file to print to: when the time is over, whatever it has started ends with
    it, and no pipe that a grandchild holds open is waited for.

    Raises:
        BuildError: it cannot be started, or took more than ``TIMEOUT`` seconds.
    """
    around = {**os.environ, "LC_ALL": "C"} | ({"TMPDIR": str(folder)} if folder else {})
    try:
        with tempfile.TemporaryFile(dir=folder) as printed:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=around,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                status = process.wait(TIMEOUT)
            finally:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            printed.seek(0)
            return status, printed.read(1 << 20).decode(errors="replace")
    except subprocess.TimeoutExpired:
        raise BuildError(f"the compiler {command[0]} took more than {TIMEOUT:g} seconds") from None
    except (OSError, ValueError) as error:
        raise BuildError(f"the compiler {command[0]} cannot be started: {clause(error)}") from None


def first_error(output: str) -> str:
    """Return the first line of a compiler's output that tells an error, else its first line, at most 200 characters."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    told = next((line for line in lines if "error" in line.lower()), lines[0] if lines else "")
    return "".join(character if character.isprintable() else "?" for character in told[:200])


def clause(error: Exception) -> str:
    """Return what an error says, without its number and file."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
