"""Inputs of one row: a text or a number, and one of a few options."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Key
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive, reactive
from textual.widget import Widget
from textual.widgets import Input

_NUMERAL = frozenset("0123456789.,eE+-_")


class OptionInput(Widget, can_focus=True):
    """One of a few options between two arrows, changed with the arrow keys, the space bar or a click."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", show=False),
        Binding("right,space,enter", "step(1)", show=False),
    ]
    value: reactive[str] = reactive("")

    class Changed(Message):
        """The user chose another option."""

    def __init__(self, options: list[str], value: str) -> None:
        super().__init__()
        self._options = options
        self.set_reactive(OptionInput.value, value)

    def render(self) -> Content:
        return Content.assemble(("‹ ", "$foreground-muted"), self.value, (" ›", "$foreground-muted"))

    def on_click(self) -> None:
        self.action_step(1)

    def action_step(self, by: int) -> None:
        at = self._options.index(self.value) if self.value in self._options else 0
        self.value = self._options[(at + by) % len(self._options)]
        self.post_message(self.Changed())


class CompactInput(Input):
    """A text field without a validator of its own. Its styles are looked up once: when it is mounted.

    Args:
        numeric: characters that stand in no number are left to the keys of the screen.
    """

    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False)  # its width is fixed, whatever is typed

    def __init__(self, value: str, *, numeric: bool = False) -> None:
        super().__init__(value, validate_on=())
        self._numeric = numeric
        self.set_reactive(Input.compact, True)
        self.add_class("-textual-compact", update=False)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        if self._numeric and character not in _NUMERAL:
            return False
        return super().check_consume_key(key, character)

    async def _on_key(self, event: Key) -> None:
        if self._numeric and event.is_printable and event.character not in _NUMERAL:
            event.prevent_default()  # it goes on to the screen
