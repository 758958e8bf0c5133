"""Drawing with ASCII alone, for terminals and fonts that have nothing else.

One filter stands between every widget and the terminal: borders, bars, marks and braille dots become ASCII characters
of the same width. Letters and digits stay, of whatever script: they are what a person reads.
"""

from __future__ import annotations

import os
import unicodedata
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter

from workbench.config.environment import ASCII
from workbench.render import plot

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
_ROWS = (0b00001001, 0b00010010, 0b00100100, 0b11000000)  # the dots of a braille cell, row by row
_LEFT = 0b01000111


def ascii_only() -> bool:
    """Whether a person asked for it, by ``--ascii`` or WORKBENCH_ASCII."""
    return os.environ.get(ASCII, "") not in ("", "0")


def lettered(app: App[object]) -> bool:
    """Whether colours and fine dots tell no curves apart."""
    return app.no_color or ascii_only()


def marker(app: App[object], curve: int) -> str:
    """What plotext draws a chart's curve with: fine dots, or a letter of its own where colours do not tell it apart."""
    return plot.LETTERS[curve % len(plot.LETTERS)] if lettered(app) else plot.BRAILLE


def sign(app: App[object], curve: int) -> str:
    """What stands for the curve beside its name."""
    return marker(app, curve) if lettered(app) else "━"


def level_marker(app: App[object]) -> str:
    """What a flat line to compare with is drawn with."""
    return "┄" if lettered(app) else plot.BRAILLE


class Ascii(LineFilter):
    """Draws every line of the screen with ASCII."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(plain(text), style, control) for text, style, control in segments]


@lru_cache(4096)
def plain(text: str) -> str:
    """The text with everything drawn in ASCII, as wide as before."""
    return text if text.isascii() else "".join(map(_letter, text))


def _letter(drawn: str) -> str:
    code = ord(drawn)
    if _BRAILLE <= code < _BRAILLE_END:
        return _dots(code - _BRAILLE)
    if code in _PLAIN:
        return _PLAIN[code]
    if drawn.isascii() or drawn.isalnum() or unicodedata.combining(drawn) or cell_len(drawn) != 1:
        return drawn
    return next((plain for first, end, plain in _RANGES if first <= code < end), "?")


def _dots(dots: int) -> str:
    """The character that looks most like a braille cell's dots."""
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
