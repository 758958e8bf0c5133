"""Texts as people and programs hand them over, made such that they can be read and printed."""

from __future__ import annotations

import re
from typing import TypeVar

from tasks.shared.text.visible import visible

_Text = TypeVar("_Text", str, list[str], str | None, list[str] | None)
_NO_UTF8 = re.compile("[\ud800-\udfff]")  # as Python hands over a byte that is none


def readable(given: _Text) -> _Text:
    """A text, or several, in which each byte that was no UTF-8 is a replacement character."""
    if given is None:
        return given
    return _NO_UTF8.sub("�", given) if isinstance(given, str) else [readable(one) for one in given]


def bare(given: str) -> str:
    """A readable text without what cannot be seen, and without the blanks around it."""
    return visible(readable(given)).strip()
