"""Alternatives of the network at one character of a text: its likeliest characters with their probabilities."""

from __future__ import annotations

import math

from textual.content import Content
from textual.widgets import Static

from workbench.render.text import printable
from workbench.tui.poem.poem_text import PoemText

ALTERNATIVES = 3  # characters requested with each one that is written
_HINT = "← → in the poems (Tab): the network's choices there"


class AlternativesLine(Static):
    """A line under the poems with the network's alternatives."""

    def __init__(self) -> None:
        super().__init__(markup=False, id="alternatives")

    def show(self, poem: PoemText | None, cursor: int | None, *, writing: bool) -> None:
        """Show the alternatives at a text's character.

        Args:
            cursor: the character's number; none: the newest one, while the text is being written.
        """
        if poem is None or not poem.positions or (cursor is None and not writing):
            self.update(Content.styled(_HINT, "$foreground-muted"))
            return
        position = poem.positions[-1 if cursor is None else cursor]
        if position.written is None:
            self.update(Content.styled(f"{_name(position.text)} was given, not written", "$foreground-muted"))
            return
        parts: list[tuple[str, str] | str] = [
            (f"▸{_name(position.text)}", "bold $text-accent"),
            (f" {_percent(math.exp(position.written.log_probability))} of ", "$foreground-muted"),
        ]
        for number, (text, probability) in enumerate(position.written.choices):
            style = "bold $text-accent" if text == position.text else ""
            parts += ["  " * (number > 0), (_name(text), style), (f" {_percent(probability)}", "$foreground-muted")]
        self.update(Content.assemble(*parts))


def _name(text: str) -> str:
    return "line end" if text == "\n" else printable(text) or "end"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.095 else f"{share:.1%}" if share >= 0.0005 else "<0.1%"
