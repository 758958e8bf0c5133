"""Short texts of the Lab: status lines at its foot, the hint below the form, the first steps above it."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from workbench.tui.widgets.setting_row import row_of
from workbench.tui.widgets.static_text import StaticText

_LABEL = 11  # columns, as wide as the button below it
_STEPS = ("choose a task and a cell", "change settings", "press s to start")
_SHORT_STEPS = ("choose", "set", "s starts")


class StatusLine(StaticText):
    """A label and a text, of which the end is cut off where there is no room; an explanation has more rows."""

    def __init__(self, name: str, id: str) -> None:
        super().__init__(id=id)
        self._label = name

    def say(self, *pieces: Content | str | tuple[str, str], explains: bool = False) -> None:
        self.set_class(explains, "-explains")
        self.update(Content.assemble((f"  {self._label:<{_LABEL}}", "$foreground-muted"), *pieces))


class SettingHint(StaticText):
    """Key, bounds and help of the setting that has the focus, or the keys that move the focus to one."""

    def __init__(self) -> None:
        super().__init__(id="hint")

    def show(self, focused: Widget | None) -> None:
        row = row_of(focused)
        if row is not None:
            bounds = f"  {row.field.bounds}" if row.field.bounds else ""
            self.update(Content.assemble((row.field.key, "bold"), (bounds, "$text-accent"), f"  {row.field.help}"))
        elif focused is not None and focused.id == "find":
            self._say("Enter or ↓ goes to the first that was found; Esc shows all again.")
        else:
            self._say("Tab moves between lists and settings; / finds a setting.")

    def _say(self, words: str) -> None:
        self.update(Content.styled(words, "$foreground-muted"))


class Welcome(Static):
    """The first steps, in one line where there is room: for a folder without runs."""

    def __init__(self) -> None:
        super().__init__(id="welcome", markup=False)

    def render(self) -> Content:
        parts: list[str | tuple[str, str]] = [("New here?  " if self.size.width >= 90 else "", "bold")]
        for number, words in enumerate(_STEPS if self.size.width >= 70 else _SHORT_STEPS, 1):
            parts += [(str(number), "bold $text-accent"), f" {words}  "]
        return Content.assemble(*parts, ("h hides", "$foreground-muted"))
