"""Description of the chosen task, preset and cell, and the cells and tasks whose files cannot be read."""

from __future__ import annotations

import re
from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

import cells
import tasks
from workbench.tui.widgets.static_text import StaticText

_HEAD = "bold $text-primary"
Parts = list[str | tuple[str, str]]


class Description(VerticalScroll):
    """A sentence on each, and the cell's equations; of a file that cannot be read, the reason."""

    def compose(self) -> ComposeResult:
        yield StaticText(id="facts")
        yield StaticText(id="equations")

    def show(self, task: str, preset: str, cell: str) -> None:
        settings, recurrence = tasks.settings(task), cells.about(cell)
        parts: Parts = [(task, _HEAD), f"  {settings.about}"]
        if preset:
            parts += [(f"\n\npreset {preset}", _HEAD), f"  {settings.presets[preset].help}"]
        year = f", {recurrence.year}" if recurrence.year else ""
        parts += [(f"\n\n{cell}", _HEAD), f"  {recurrence.title}{year}\n"]
        if recurrence.purpose:
            parts.append((f"{recurrence.purpose}\n", "$text-muted"))
        self._update(parts, _equations(recurrence.text))

    def show_unreadable(self, reasons: Mapping[str, str]) -> None:
        """Show why names that are marked cannot be chosen."""
        parts: Parts = []
        for name, reason in reasons.items():
            parts += [("\n\n" * bool(parts) + name, _HEAD), (f"  {reason}", "$text-error")]
        self._update(parts, "")

    def _update(self, parts: Parts, equations: str) -> None:
        self.query_one("#facts", Static).update(Content.assemble(*parts))
        self.query_one("#equations", Static).update(Content(equations))


def _equations(text: str) -> str:
    """Return the equations of a cell's docstring, without the remarks beside them."""
    lines = [re.split(r"\s{2,}", line.strip())[0] for line in text.splitlines() if line.startswith("    ")]
    return "\n".join(lines)
