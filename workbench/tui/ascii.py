"""ASCII in place of drawing characters, for terminals and fonts that have nothing else.

A filter of every line of the screen: borders, bars, marks and braille dots become ASCII characters of the same width.
Letters and digits of every script stay.
"""

from __future__ import annotations

import os
import unicodedata
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from workbench.config.environment import ASCII
from workbench.tui import terminal

_TABLE = {
    "-": "‐‑–—−─┄┅┈┉╌╍▔±¬",
    "|": "│┃┆┇┊┋╎╏║▏▎▍▌▋▊▉▐▕",
    "/": "╱",
    "\\": "╲",
    "_": "▁",
    ".": "·…․∙⋅▂",
    ":": "░∶",
    "=": "━═▄≡≠",
    "*": "•●◉★×⊙✗✘",
    "@": "◎",
    "o": "○◯◦°∘",
    ">": "▸▶►›»→⇒⟩≥",
    "> ": "🔎",  # of the palette; as wide
    "<": "◂◀◄‹«←⇐⟨≤",
    "^": "▴▲↑⇧",
    "v": "▾▼↓⇩√✓✔",
    "'": "‘’′",
    '"': "“”″",
    "~": "≈∼",
    "#": "■▪□",
}
_PLAIN = {ord(drawn): plain for plain, many in _TABLE.items() for drawn in many}
_RANGES = ((0x2500, 0x2580, "+"), (0x2580, 0x25A0, "#"), (0x1FB00, 0x1FC00, "#"))  # corners, blocks
_BRAILLE, _BRAILLE_END = 0x2800, 0x2900
_ROWS = (0b00001001, 0b00010010, 0b00100100, 0b11000000)  # the dots of a braille character, row by row
_LEFT = 0b01000111


def ascii_only() -> bool:
    """Return whether ``--ascii`` or WORKBENCH_ASCII demands it, or else the terminal's encoding or its locale."""
    if wanted := os.environ.get(ASCII):
        return wanted != "0"
    return not terminal.draws(terminal.encoding()) or terminal.plain_locale()


class AsciiFilter(LineFilter):
    """Replace the drawing characters of every line of the screen, and the letters that an encoding lacks."""

    def __init__(self, encoding: str, *, enabled: bool = True) -> None:
        super().__init__(enabled)
        self._encoding = encoding

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(to_ascii(text, self._encoding), style, control) for text, style, control in segments]


@lru_cache(4096)
def to_ascii(text: str, encoding: str = "utf-8") -> str:
    """Return the text with its drawing characters in ASCII, as wide as before; ``?`` for what cannot be encoded."""
    if text.isascii():
        return text
    plain = "".join(map(_replacement, text))
    try:
        plain.encode(encoding)
    except UnicodeEncodeError:
        return "".join(c if c.isascii() or _encodes(c, encoding) else "?" * cell_len(c) for c in plain)
    return plain


def _encodes(letter: str, encoding: str) -> bool:
    try:
        letter.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _replacement(drawn: str) -> str:
    code = ord(drawn)
    if _BRAILLE <= code < _BRAILLE_END:
        return _dots(code - _BRAILLE)
    if code in _PLAIN:
        return _PLAIN[code]
    if drawn.isascii() or drawn.isalnum() or unicodedata.combining(drawn) or cell_len(drawn) != 1:
        return drawn
    return next((plain for first, end, plain in _RANGES if first <= code < end), "?")


def _dots(dots: int) -> str:
    """Return the character that looks most like the dots of a braille character."""
    left, right = ([row for row in range(4) if dots & _ROWS[row] & side] for side in (_LEFT, ~_LEFT))
    rows = {*left, *right}
    if not rows:
        return " "
    if dots.bit_count() > 5:
        return "#"
    if len(rows) == 1:
        return "'-._"[max(rows)] if left and right else "'-.."[max(rows)]
    if len(rows) > 2 and not (left and right):
        return "|"
    if left and right and min(left) != min(right):
        return "\\" if min(left) < min(right) else "/"
    return "'" if max(rows) < 2 else "." if min(rows) > 1 else ":"
