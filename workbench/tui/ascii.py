"""Filter of every line of the screen: borders, bars, marks and braille dots become ASCII of the same width."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from workbench.render.ascii import ascii_only, to_ascii

__all__ = ["AsciiFilter", "ascii_only", "to_ascii"]


class AsciiFilter(LineFilter):
    """Replace the drawing characters of every line of the screen."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(to_ascii(text), style, control) for text, style, control in segments]
