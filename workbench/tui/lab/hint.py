"""What the setting that has the focus is for, and its bounds; how to move about where none has."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from workbench.tui.widgets.form import row_of


class Hint(Static):
    """A line or two below the form."""

    def __init__(self) -> None:
        super().__init__(markup=False, id="hint")

    def show(self, focused: Widget | None) -> None:
        row = row_of(focused)
        if row is not None:
            bounds = f"  {row.field.bounds}" if row.field.bounds else ""
            self.update(Content.assemble((row.field.key, "bold"), (bounds, "$text-accent"), f"  {row.field.help}"))
        elif focused is not None and focused.id == "find":
            self._say("Enter or ↓ goes to the first that was found; Esc shows all again.")
        else:
            self._say("Tab moves between the lists and the settings; / finds a setting.")

    def _say(self, words: str) -> None:
        self.update(Content.styled(words, "$foreground-muted"))
