"""The poll loop of the screens: read on a thread, show, wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from textual.css.query import NoMatches
from textual.widget import MountError

from workbench.runs.folder import RunError
from workbench.tui.services.threads import run_in_thread
from workbench.tui.services.unreadable import UNREADABLE

T = TypeVar("T")
_REST = 4.0  # times as long as a reading took nothing is read: a folder of thousands of runs is read less often
TAKEN_DOWN = (NoMatches, MountError)  # raised on a screen whose widgets are gone


async def poll(
    read: Callable[[], T],
    show: Callable[[T], Awaitable[bool]],
    failed: Callable[[OSError | RunError], None],
    interval: Callable[[], float | None],
    wake: asyncio.Event | None = None,
) -> None:
    """Read, show and wait, until the worker is cancelled or the screen is taken down.

    Args:
        read: called on a thread.
        show: called with what was read; true: there is more to read at once.
        failed: called in place of ``show`` where ``read`` raised one of ``UNREADABLE``.
        interval: seconds until the next reading; ``None``: nothing is read before ``wake``, unless it is the first.
        wake: ends the wait.
    """
    wake = wake or asyncio.Event()
    first = True
    took = 0.0
    with suppress(*TAKEN_DOWN):
        while True:
            wake.clear()
            if first or interval() is not None:
                first = False
                began = time.monotonic()
                try:
                    reading = await run_in_thread(read)
                except UNREADABLE as error:
                    failed(error)
                else:
                    took = time.monotonic() - began
                    if await show(reading):
                        await asyncio.sleep(0)
                        continue
            with suppress(TimeoutError):
                seconds = interval()
                await asyncio.wait_for(wake.wait(), seconds if seconds is None else max(seconds, _REST * took))
