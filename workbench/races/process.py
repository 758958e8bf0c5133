"""A race in a child process, so that its caller needs no torch."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress

from workbench.config import spec
from workbench.config.fields import as_typed
from workbench.config.spec import RunSpec
from workbench.races.budget import Budget
from workbench.races.events import Event, RaceError, decode

_AT_ONCE = 1 << 16  # bytes
_GRACE = 0.5  # seconds for the child to end by itself


def words_for(described: RunSpec, cells: Sequence[str], budget: Budget, data: str = "") -> list[str]:
    """Return the words of ``workbench race`` for a run's task and settings.

    Args:
        data: the data folder that the user named; empty: none.
    """
    spent = ["--steps", str(budget.steps)] if budget.by == "steps" else ["--seconds", f"{budget.seconds:g}"]
    words = ["race", described.task, "--cells", ",".join(cells), "--by", budget.by, *spent]
    for key, value in spec.changed(described).items():
        words += ["--set", f"{key}={_typed(value)}"]
    return [*words, *(["--data", data] if data else [])]


def _typed(value: object) -> str:
    """Return a value as ``--set`` reads it, in full."""
    return repr(value) if isinstance(value, float) else as_typed(value)


class RaceProcess:
    """``workbench race --events`` in a child process. ``read`` waits: call it on a thread; the others on any.

    Args:
        words: as ``words_for`` returns them.

    Raises:
        RaceError: no process could be started.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._rest = b""
        self._told = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "workbench.cli", *words, "--events"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._told,
            )
        except OSError as error:
            self._told.close()
            raise RaceError(f"No race was started: {error.strerror}.") from None

    def read(self) -> list[Event] | None:
        """Wait for events and return them; ``None``: there will be no more.

        Raises:
            RaceError: the race failed; the message is its own sentence.
        """
        assert self._child.stdout is not None
        try:
            chunk = os.read(self._child.stdout.fileno(), _AT_ONCE)
        except (OSError, ValueError):  # closed meanwhile
            return None
        if not chunk:
            if self._child.wait() and (told := self.told()):
                raise RaceError(told.removeprefix("workbench: "))
            return None
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [event for line in lines if (event := decode(line)) is not None]

    def told(self) -> str:
        """Return the last line that the race told, such as a download's progress; empty: none."""
        with suppress(OSError, ValueError):
            size = os.fstat(self._told.fileno()).st_size
            last = os.pread(self._told.fileno(), _AT_ONCE, max(0, size - _AT_ONCE))
            return next((line for line in reversed(last.decode(errors="replace").splitlines()) if line.strip()), "")
        return ""

    def stop(self) -> None:
        """Ask the race to end, with the figures so far."""
        with suppress(OSError):
            self._child.send_signal(signal.SIGTERM)

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
