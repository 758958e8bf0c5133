"""Text made printable: for a terminal, and as people and programs hand it over."""

from __future__ import annotations

import re
import unicodedata
from typing import TypeVar

_Text = TypeVar("_Text", str, list[str], str | None, list[str] | None)
_UNDECODED = re.compile("[\ud800-\udfff]")  # Python's stand-ins for bytes that are not UTF-8
# A terminal obeys the controls (C0, DEL, C1), turns a line round at a format character (bidi) and breaks it at U+2028;
# nothing encodes a surrogate.
_OBEYED = ("Cc", "Cf", "Cs", "Zl", "Zp")


def printable(text: str, most: int = 0) -> str:
    """Replace each character that a terminal would obey, not show, and cut the text to ``most`` (0: not).

    Controls, line breaks, bidi and other format characters, and lone surrogates become ``�``.
    """
    shown = text if text.isprintable() else "".join(c if is_printable(c) else "�" for c in text)
    return shown if not most or len(shown) <= most else shown[: most - 1] + "…"


def is_printable(character: str) -> bool:
    """Return whether a terminal shows a character; the wide and the no-break space are shown."""
    return character.isprintable() or unicodedata.category(character) not in _OBEYED


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
    from tasks.shared.text.visible import visible  # the streams are guarded before tasks is known to be ours

    return visible(readable(text)).strip()
