"""One of a few words, changed with the arrow keys, the space bar or a click."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class Choice(Widget, can_focus=True):
    """A value between two arrows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", show=False),
        Binding("right,space,enter", "step(1)", show=False),
    ]
    value: reactive[str] = reactive("")

    class Changed(Message):
        """A person chose another value."""

    def __init__(self, options: list[str], value: str) -> None:
        super().__init__()
        self._options = options
        self.set_reactive(Choice.value, value)

    def render(self) -> Content:
        return Content.assemble(("‹ ", "$foreground-muted"), self.value, (" ›", "$foreground-muted"))

    def on_click(self) -> None:
        self.action_step(1)

    def action_step(self, by: int) -> None:
        at = self._options.index(self.value) if self.value in self._options else 0
        self.value = self._options[(at + by) % len(self._options)]
        self.post_message(self.Changed())
