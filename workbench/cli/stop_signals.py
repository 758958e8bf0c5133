"""Requests to end the program, by Ctrl-C or SIGTERM, noted while a training is started and followed."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any


class StopSignals:
    """Notes SIGINT and SIGTERM in place of ending the program: a worker that was started is always known.

    Both are noted also where a parent shell started this in its background, with SIGINT ignored.
    """

    def __init__(self) -> None:
        self.received = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> StopSignals:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def take(self) -> int:
        """Return the last signal since the previous call; 0: none came."""
        received, self.received = self.received, 0
        return received

    def _note(self, number: int, _: FrameType | None) -> None:
        self.received = number
