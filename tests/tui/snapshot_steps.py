"""Steps to a scene whose picture is compared: a pane that is turned to, and a screen that stands still."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.theme import Theme
from textual.widgets import Input, TextArea
from waiting import HANG, eventually


def named(value: tuple[int, int] | Theme | int | str) -> str:
    """A size, a theme, a number or keys within a test's name."""
    if isinstance(value, Theme):
        return value.name.rpartition("-")[2]
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)


async def turn(pilot, chosen: Callable[[], str], wanted: str) -> None:
    """Press ``v`` until a pane is chosen, once for each pane: a second press while the first waits would pass it by."""
    while (before := chosen()) != wanted:
        await pilot.press("v")
        await eventually(pilot, lambda before=before: chosen() != before)


def still(screen, folder: Path, walk: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """A walk to a scene, then nothing that moves, and dots in place of the folder's name."""

    async def walked(pilot) -> None:
        await walk(pilot)
        for field in (*screen.app.screen.query(Input), *screen.app.screen.query(TextArea)):
            field.cursor_blink = False
        screen.app._count_live_runs()
        end, same, before = time.monotonic() + HANG, 0, ""
        while same < 3:
            assert time.monotonic() < end, "it never stands still"
            await pilot.pause(0.05)
            now = picture()
            same, before = (same + 1 if now == before else 0), now

    def picture(**how: object) -> str:
        return drawn(**how).replace(str(folder), "·" * len(str(folder)))

    drawn = screen.app.export_screenshot
    screen.app.export_screenshot = picture
    return walked
