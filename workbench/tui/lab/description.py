"""What the chosen task, preset and cell are."""

from __future__ import annotations

import re

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

import cells
import tasks


class About(VerticalScroll):
    """A few words on each, and the cell's equations."""

    def compose(self) -> ComposeResult:
        yield Static(markup=False, id="facts")
        yield Static(markup=False, id="equations")

    def show(self, task: str, preset: str, cell: str) -> None:
        settings, recurrence = tasks.settings(task), cells.about(cell)
        head = "bold $text-primary"
        parts: list[str | tuple[str, str]] = [(task, head), f"  {settings.about}"]
        if preset:
            parts += [(f"\n\npreset {preset}", head), f"  {settings.presets[preset].help}"]
        parts += [(f"\n\n{cell}", head), f"  {recurrence.title}\n"]
        self.query_one("#facts", Static).update(Content.assemble(*parts))
        self.query_one("#equations", Static).update(Content(_equations(recurrence.text)))


def _equations(text: str) -> str:
    """The lines of a cell's equations, without the remarks beside them."""
    lines = [re.split(r"\s{2,}", line.strip())[0] for line in text.splitlines() if line.startswith("    ")]
    return "\n".join(lines)
