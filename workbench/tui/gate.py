"""Gate of the screen: no character of a drawn line is one that a terminal would obey.

Text of a run, of a file or of a person may hold escape sequences, C1 controls, or characters that turn the order of
what follows. Every line of every widget passes here, whoever made its text.
"""

from __future__ import annotations

from functools import lru_cache
from unicodedata import category

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_REPLACEMENT = "�"


class Gate(LineFilter):
    """Replace what a terminal would obey in every line, each piece of it as wide as before."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if all(text.isascii() and text.isprintable() for text, _, _ in segments):
            return segments
        return [Segment(harmless(text), style) for text, style, _ in segments]


@lru_cache(1024)
def harmless(text: str) -> str:
    """Return the text without characters that a terminal would obey, with the same width in cells."""
    if text.isprintable():
        return text
    cleaned = "".join(map(_replacement, text))
    width = cell_len(text)
    return cleaned if cell_len(cleaned) == width else set_cell_size(cleaned, width)


def _replacement(drawn: str) -> str:
    """Return a character that stands for another one; none for one that takes no cell."""
    return drawn if drawn.isprintable() or category(drawn) == "Zs" else _REPLACEMENT * cell_len(drawn)
