"""A text field of one row; one for numbers leaves letters to the keys of the screen."""

from __future__ import annotations

from textual.events import Key
from textual.widgets import Input

_NUMERAL = frozenset("0123456789.,eE+-_")


class Entry(Input):
    """What is typed is checked by whoever holds it. Its styles are looked up once: when it is mounted.

    Args:
        numeric: letters that stand in no number are not typed: they do what they do elsewhere on the screen.
    """

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
