"""Single frame of a run's screen, as text."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from rich.segment import Segment, Segments
from textual.pilot import Pilot
from textual.strip import Strip

from workbench.render.console import wide_console
from workbench.runs.folder import RunError
from workbench.runs.run import Run
from workbench.tui.app import WorkbenchApp
from workbench.tui.run.screen import RunScreen

_SECONDS = 20.0  # for the run's folder to be read
SIZE = (120, 36)  # where there is no terminal


def frame(run: Run, folder: Path, size: tuple[int, int]) -> list[Strip]:
    """Return the lines of a run's screen at this moment, without the bars of keys.

    Raises:
        RunError: the screen shows nothing.
    """
    app = WorkbenchApp(folder, None, run, readonly=True)
    lines: list[Strip] = []

    async def look(pilot: Pilot[object]) -> None:
        screen = app.screen
        if isinstance(screen, RunScreen):
            screen.query("TopBar, BottomBar").set(display=False)
            with suppress(TimeoutError):
                await asyncio.wait_for(screen.looked.wait(), _SECONDS)
            await pilot.pause(0.1)  # what was shown is drawn
            lines.extend(screen._compositor.render_strips())
        app.exit()

    app.run(headless=True, size=size, auto_pilot=look)
    filled = [number for number, line in enumerate(lines) if line.text.strip()]
    if not filled:
        raise RunError(f"Run {run.id} could not be shown.")
    return lines[filled[0] : filled[-1] + 1]


def put(run: Run) -> None:
    """Print one frame to stdout: as large as its terminal and in its colors, plain where it is none."""
    console = wide_console()
    size = (console.width, console.height - 1) if console.is_terminal else SIZE  # a line is left for the prompt
    colored = console.color_system is not None and not console.no_color
    for line in frame(run, run.path.parent, size):
        if colored:
            console.print(Segments([*line, Segment.line()]), end="")
        else:
            print(line.text.rstrip())
