"""A race in a child process, so that its caller needs no torch."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from contextlib import suppress

from workbench.command_process import CommandProcess, typed
from workbench.config import spec
from workbench.config.spec import RunSpec
from workbench.races.budget import Budget
from workbench.races.events import Event, RaceError, decode


def words_for(described: RunSpec, cells: Sequence[str], budget: Budget, data: str = "") -> list[str]:
    """Return the words of ``workbench race`` for a run's task and settings.

    Args:
        data: the data folder that the user named; empty: none.
    """
    spent = ["--steps", str(budget.steps)] if budget.by == "steps" else ["--seconds", f"{budget.seconds:g}"]
    words = ["race", described.task, "--cells", ",".join(cells), "--by", budget.by, *spent]
    for key, value in spec.changed(described).items():
        words += ["--set", f"{key}={typed(value)}"]
    return [*words, *(["--data", data] if data else [])]


class RaceProcess(CommandProcess):
    """``workbench race --events`` in a child process. ``read`` waits: call it on a thread; the others on any.

    Args:
        words: as ``words_for`` returns them.

    Raises:
        RaceError: no process could be started.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._rest = b""
        try:
            super().__init__([*words, "--events"])
        except OSError as error:
            raise RaceError(f"No race was started: {error.strerror}.") from None

    def read(self) -> list[Event] | None:
        """Wait for events and return them; ``None``: there will be no more.

        Raises:
            RaceError: the race failed; the message is its own sentence.
        """
        chunk = self.output()
        if not chunk:
            if chunk is not None and (sentence := self.failure()):
                raise RaceError(sentence)
            return None
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [event for line in lines if (event := decode(line)) is not None]

    def stop(self) -> None:
        """Ask the race to end, with the figures so far."""
        with suppress(OSError):
            self._child.send_signal(signal.SIGTERM)
