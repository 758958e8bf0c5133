"""What to do where nothing was ever started: gone with the first run, or by a key."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

_STEPS = ("choose a task and a cell", "change settings", "press s to start")
_SHORT = ("choose", "set", "s starts")


class Welcome(Static):
    """Three steps, in one line where there is room."""

    def __init__(self) -> None:
        super().__init__(id="welcome", markup=False)

    def render(self) -> Content:
        parts: list[str | tuple[str, str]] = [("New here?  " if self.size.width >= 90 else "", "bold")]
        for number, words in enumerate(_STEPS if self.size.width >= 70 else _SHORT, 1):
            parts += [(str(number), "bold $text-accent"), f" {words}  "]
        return Content.assemble(*parts, ("h hides", "$foreground-muted"))
