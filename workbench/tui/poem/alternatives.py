"""What the network would rather have written at a place of a text: its likeliest characters and their probabilities."""

from __future__ import annotations

import math

from textual.content import Content
from textual.widgets import Static

from workbench.render.text import printable
from workbench.tui.poem.verse import Verse

ASKED = 3  # characters
_HINT = "← → in the poems (Tab): the network's choices there"


class Choices(Static):
    """A line under the poems."""

    def __init__(self) -> None:
        super().__init__(markup=False, id="choices")

    def show(self, verse: Verse | None, cursor: int | None, *, writing: bool) -> None:
        """What the network thought at a text's character.

        Args:
            cursor: its number; none: the newest one, while it is being written.
        """
        if verse is None or not verse.places or (cursor is None and not writing):
            self.update(Content.styled(_HINT, "$foreground-muted"))
            return
        place = verse.places[-1 if cursor is None else cursor]
        if place.written is None:
            self.update(Content.styled(f"{_named(place.text)} was given, not written", "$foreground-muted"))
            return
        parts: list[tuple[str, str] | str] = [
            (f"▸{_named(place.text)}", "bold $text-accent"),
            (f" {_percent(math.exp(place.written.log_probability))} of ", "$foreground-muted"),
        ]
        for number, (text, share) in enumerate(place.written.choices):
            taken = "bold $text-accent" if text == place.text else ""
            parts += ["  " * (number > 0), (_named(text), taken), (f" {_percent(share)}", "$foreground-muted")]
        self.update(Content.assemble(*parts))


def _named(text: str) -> str:
    return "line end" if text == "\n" else printable(text) or "end"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.095 else f"{share:.1%}" if share >= 0.0005 else "<0.1%"
