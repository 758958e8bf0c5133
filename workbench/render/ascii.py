"""ASCII in place of drawing characters, for terminals that have nothing else. Letters of every script stay."""

from __future__ import annotations

import os
import sys
import unicodedata
from functools import lru_cache

from rich.cells import cell_len

from workbench.config.environment import ASCII

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
_DRAWN = "─│┌━·–×…⣿"  # a terminal that lacks one of them draws with ASCII


def ascii_only() -> bool:
    """Return whether lines, charts and marks are drawn with ASCII alone.

    They are where ``--ascii`` or WORKBENCH_ASCII demands it, and where the terminal's encoding has nothing else;
    WORKBENCH_ASCII=0 never does.
    """
    if demanded := os.environ.get(ASCII, ""):
        return demanded != "0"
    if os.environ.get("LC_ALL") in ("C", "POSIX"):  # Python writes UTF-8 then, but the terminal is told to be ASCII
        return True
    stream = sys.__stdout__ or sys.__stderr__
    return stream is not None and not _can_draw(stream.encoding or "utf-8")


@lru_cache
def _can_draw(encoding: str) -> bool:
    try:
        _DRAWN.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


@lru_cache(4096)
def to_ascii(text: str) -> str:
    """Return the text with its drawing characters in ASCII, as wide as before."""
    return text if text.isascii() else "".join(map(_replacement, text))


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


def substitute(character: str) -> str:
    """Return ASCII, as wide as the character, for a stream that cannot encode it; question marks at worst."""
    plain = to_ascii(character)
    return plain if plain.isascii() else "?" * (1 + (unicodedata.east_asian_width(character) in "WF"))
