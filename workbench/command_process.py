"""A command of the program in a child process, so that its caller needs no torch."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress

from workbench.config.fields import as_typed

_AT_ONCE = 1 << 16  # bytes
_GRACE = 0.5  # seconds for the child to end by itself


def typed(value: object) -> str:
    """Return a value as ``--set`` reads it, in full."""
    return repr(value) if isinstance(value, float) else as_typed(value)


class CommandProcess:
    """``workbench WORDS`` in a child process. ``output`` and ``failure`` wait: call them on a thread.

    Raises:
        OSError: no process could be started.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._told = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "workbench.cli", *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._told,
            )
        except OSError:
            self._told.close()
            raise

    def output(self) -> bytes | None:
        """Wait for a part of what the command prints and return it; empty: there is no more; ``None``: it is closed."""
        assert self._child.stdout is not None
        try:
            return os.read(self._child.stdout.fileno(), _AT_ONCE)
        except (OSError, ValueError):  # closed meanwhile
            return None

    def failure(self) -> str:
        """Wait for the end and return the sentence of a command that failed; empty where it did not, or told none."""
        return self.told().removeprefix("workbench: ") if self._child.wait() else ""

    def told(self) -> str:
        """Return the last line that the command told, such as a download's progress; empty: none."""
        with suppress(OSError, ValueError):
            size = os.fstat(self._told.fileno()).st_size
            last = os.pread(self._told.fileno(), _AT_ONCE, max(0, size - _AT_ONCE))
            return next((line for line in reversed(last.decode(errors="replace").splitlines()) if line.strip()), "")
        return ""

    def close(self) -> None:
        """End the child, whatever it does, and wait for it."""
        if self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(_GRACE)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        assert self._child.stdout is not None
        self._child.stdout.close()
        self._told.close()
