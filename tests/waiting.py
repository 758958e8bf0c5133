"""Waiting for a state, never for a time.

Other folders' tests say ``from waiting import …``: pytest puts ``tests/`` on the path, for its conftest.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

HANG = 150.0  # seconds: what takes longer hangs, however busy the machine; a test that passes never waits for it


def until(condition: Callable[[], Any], what: str = "what is waited for", seconds: float = HANG) -> Any:
    """Wait until something holds; its value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {seconds} s in vain: {what}"
        time.sleep(0.01)
    return value


async def eventually(pilot: Any, condition: Callable[[], Any], what: str = "what is waited for") -> Any:
    """Wait until something holds of an application that a pilot steers; its value."""
    end = time.monotonic() + HANG
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {HANG} s in vain: {what}"
        await pilot.pause(0.02)
    return value


class Clock:
    """In place of the module ``time``: a clock that only goes on when somebody sleeps."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
