"""The poll loop of the screens: read on a thread, show, wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from textual.css.query import NoMatches
from textual.widget import MountError

from workbench.runs.folder import RunError
from workbench.tui.services.threads import run_in_thread
from workbench.tui.services.unreadable import UNREADABLE

T = TypeVar("T")
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
    with suppress(*TAKEN_DOWN):
        while True:
            wake.clear()
            if first or interval() is not None:
                first = False
                try:
                    reading = await run_in_thread(read)
                except UNREADABLE as error:
                    failed(error)
                else:
                    if await show(reading):
                        await asyncio.sleep(0)
                        continue
            with suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), interval())
