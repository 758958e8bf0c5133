"""Gate of the screen: no character of a drawn line is one that a terminal would obey, or that it cannot be sent.

Text of a run, of a file or of a person may hold escape sequences, C1 controls, or characters that turn the order of
what follows. Every line of every widget passes here, whoever made its text.
"""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from workbench.render.text import is_printable

_REPLACEMENT = "�"


class Gate(LineFilter):
    """Replace what a terminal would obey in every line, each piece of it as wide as before."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if all(text.isascii() and text.isprintable() for text, _, _ in segments):
            return segments
        return [Segment(harmless(text), style) for text, style, _ in segments]


class EncodingFilter(LineFilter):
    """Replace what the terminal's encoding lacks in every line, as wide as before."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(encodable(text, self._encoding), style) for text, style, _ in segments]


@lru_cache(1024)
def harmless(text: str) -> str:
    """Return the text without characters that a terminal would obey, with the same width in cells."""
    if text.isprintable():
        return text
    cleaned = "".join(c if is_printable(c) else _REPLACEMENT * cell_len(c) for c in text)
    width = cell_len(text)
    return cleaned if cell_len(cleaned) == width else set_cell_size(cleaned, width)


@lru_cache(1024)
def encodable(text: str, encoding: str) -> str:
    """Return the text with question marks, as wide, for what an encoding lacks."""
    return (
        text if _encodes(text, encoding) else "".join(c if _encodes(c, encoding) else "?" * cell_len(c) for c in text)
    )


def _encodes(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
