"""What the network would rather have written at a place of a text: its likeliest characters and their probabilities."""

from __future__ import annotations

import math

from textual.content import Content
from textual.widgets import Static

from workbench.tui.verse import Verse
from workbench.words import plain

ASKED = 3  # characters
_HINT = "← → in a poem: what the network would have written there"


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
        head = "" if cursor is None else f"{_named(place.text)} "
        if place.written is None:
            self.update(Content.styled(f"{head}was given, not written", "$foreground-muted"))
            return
        listed = [(text, share) for text, share in place.written.choices]
        if place.text not in dict(listed):
            listed.append((place.text, math.exp(place.written.log_probability)))
        parts: list[tuple[str, str] | str] = [(f"{head}out of ", "$foreground-muted")]
        for number, (text, share) in enumerate(listed):
            taken = text == place.text
            other = number == ASKED  # none of the likeliest: a guide, or chance, chose it
            parts += [
                "  " * (number > 0),
                ("then " if other else "", "$foreground-muted"),
                (f"▸{_named(text)}" if taken else _named(text), "bold $text-accent" if taken else ""),
                (f" {_percent(share)}", "$foreground-muted"),
            ]
        self.update(Content.assemble(*parts))


def _named(text: str) -> str:
    return "line end" if text == "\n" else plain(text) or "end"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.095 else f"{share:.1%}" if share >= 0.0005 else "<0.1%"
