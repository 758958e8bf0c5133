"""Texts as people and programs hand them over, made such that they can be read and printed."""

from __future__ import annotations

import re
from typing import TypeVar
from unicodedata import category

_Text = TypeVar("_Text", str, list[str], str | None, list[str] | None)
_NO_UTF8 = re.compile("[\ud800-\udfff]")  # as Python hands over a byte that is none


def readable(given: _Text) -> _Text:
    """A text, or several, in which each byte that was no UTF-8 is a replacement character."""
    if given is None:
        return given
    return _NO_UTF8.sub("�", given) if isinstance(given, str) else [readable(one) for one in given]


def bare(given: str) -> str:
    """A readable text without what cannot be seen: blanks around it, marks of byte order, joiners of no width."""
    return "".join(c for c in readable(given) if category(c) != "Cf").strip()
