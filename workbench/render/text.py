"""Text made printable: for a terminal, and as people and programs hand it over."""

from __future__ import annotations

import re
from typing import TypeVar

from tasks.shared.text.visible import visible

_Text = TypeVar("_Text", str, list[str], str | None, list[str] | None)
_UNDECODED = re.compile("[\ud800-\udfff]")  # Python's stand-ins for bytes that are not UTF-8


def printable(text: str, most: int = 0) -> str:
    """Replace each control character, which a terminal would obey, and cut the text to ``most`` characters (0: not)."""
    shown = text if text.isprintable() else "".join(c if c.isprintable() else "�" for c in text)
    return shown if not most or len(shown) <= most else shown[: most - 1] + "…"


def printable_lines(text: str) -> str:
    """Make each line of a text printable; its line breaks stay."""
    return "\n".join(map(printable, text.split("\n")))


def readable(texts: _Text) -> _Text:
    """Replace each byte that was not UTF-8 by a replacement character, in a text or in several."""
    if texts is None:
        return texts
    return _UNDECODED.sub("�", texts) if isinstance(texts, str) else [readable(one) for one in texts]


def stripped(text: str) -> str:
    """Make an entered text readable, and drop its format characters and the blanks around it."""
    return visible(readable(text)).strip()
