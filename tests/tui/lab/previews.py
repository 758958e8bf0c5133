"""Previews without a child process, and the task whose data are a file."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from lab_steps import choose
from ledger import SEEN
from waiting import eventually

from tasks.base import Settings
from tasks.preview import Preview
from workbench.tui.services.data_preview import PreviewError
from workbench.tui.widgets.form import Form
from workbench.tui.widgets.path_row import PathRow


class Readings:
    """Stand-in for the children: what they find, and those that were begun."""

    def __init__(self) -> None:
        self.found: Preview | str = SEEN  # a text: the sentence that it fails with
        self.told = ""
        self.free = threading.Event()  # unset: they read on
        self.free.set()
        self.begun: list[tuple[str, Settings, Path | None]] = []
        self.closed = 0

    def process(self, task: str, settings: Settings, data: Path | None) -> Reading:
        self.begun.append((task, settings, data))
        return Reading(self)


class Reading:
    def __init__(self, readings: Readings) -> None:
        self._readings = readings
        self._ended = threading.Event()

    @property
    def told(self) -> str:
        return self._readings.told

    def read(self) -> Preview:
        while not self._readings.free.wait(0.01):
            if self._ended.is_set():
                raise PreviewError("ended")
        if isinstance(self._readings.found, str):
            raise PreviewError(self._readings.found)
        return self._readings.found

    def close(self) -> None:
        self._ended.set()
        self._readings.closed += 1


async def at_the_file(pilot: Any) -> PathRow:
    """Mark the task and put the focus into the field of its file."""
    await choose(pilot, "tasks", "ledger")
    await eventually(pilot, lambda: "task.rate" in pilot.app.screen.query_one(Form).rows)
    if pilot.app.screen.size.width < 80:
        await pilot.press("v", "v")
    row = pilot.app.screen.query_one(Form).rows["task.file"]
    assert isinstance(row, PathRow)
    row.focus_editor()
    await eventually(pilot, lambda: row._editor.has_focus)
    return row
