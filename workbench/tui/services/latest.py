"""Work on a thread of which the newest alone counts, one piece at a time: a slow folder holds up a single thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from workbench.tui.services.threads import run_in_thread

T = TypeVar("T")


class Latest:
    """Pieces of work, each of which makes those before it worth nothing."""

    def __init__(self) -> None:
        self._number = 0
        self._lock = asyncio.Lock()

    def forget(self) -> None:
        """Drop the result of what is under way."""
        self._number += 1

    async def run(self, work: Callable[[], T]) -> T | None:
        """Return the result of ``work``; ``None`` where a newer piece was asked for meanwhile."""
        self._number += 1
        own = self._number
        async with self._lock:
            if own != self._number:
                return None
            found = await run_in_thread(work)
        return found if own == self._number else None
