"""What a person does in the Lab, step by step."""

from __future__ import annotations

from typing import Any

from textual.widgets import Input
from waiting import eventually

from workbench.tui.widgets.form import Form
from workbench.tui.widgets.picker import Picker


async def enter(pilot: Any, key: str, text: str) -> None:
    """Type over the value of a setting."""
    row = pilot.app.screen.query_one(Form).rows[key]
    row.focus_editor()
    await pilot.pause()
    await pilot.press("end", "ctrl+u", *text)
    await pilot.pause()


async def put(pilot: Any, key: str, text: str) -> None:
    """Change the value of a setting at one stroke."""
    pilot.app.screen.query_one(Form).rows[key].query_one(Input).value = text
    await pilot.pause()


async def form_ready(pilot: Any, last: str = "task.split_seed") -> None:
    """Wait until the form has this row and all others: those of the user's own data come before the rest."""
    lab = pilot.app.screen
    await eventually(pilot, lambda: last in (rows := lab.query_one(Form).rows) and len(rows) == len(lab._fields))


async def choose(pilot: Any, which: str, name: str) -> None:
    """Mark a name in the list of tasks or of cells."""
    picker = pilot.app.screen.query_one(f"#{which}", Picker)
    picker.highlighted = picker.names.index(name)
    await pilot.pause()
