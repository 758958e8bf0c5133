"""Line in which the text is typed, and what it is of the data."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from workbench.render.text import printable
from workbench.tui.widgets.static_text import StaticText


class SubjectInput(Input):
    """Field of the text; Enter and Esc go back to the picture."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,down", "screen.read", show=False)]


class SubjectLine(Horizontal):
    """Field of the text, the place of a row, and what is waited for."""

    def compose(self) -> ComposeResult:
        yield Static("text", classes="name")
        yield SubjectInput(placeholder="a text, row 1, or window 0", compact=True, id="text", select_on_focus=False)
        yield StaticText(id="place")

    @property
    def field(self) -> Input:
        """The field."""
        return self.query_one(SubjectInput)

    def fill(self, text: str) -> None:
        """Put a text into the field as if nobody had typed it."""
        field = self.field
        if field.value != text:
            with field.prevent(Input.Changed):
                field.value = text
            field.cursor_position = len(text)

    def tell(self, place: str) -> None:
        """Show the row's place."""
        self.query_one("#place", StaticText).update(Content.styled(printable(place), "$foreground-muted"))
