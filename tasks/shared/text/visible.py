"""What of a text can be seen."""

from __future__ import annotations

from unicodedata import category


def visible(text: str) -> str:
    """A text without format characters (Unicode's Cf): marks of byte order, the spaces of no width of web pages."""
    return text if text.isprintable() else "".join(c for c in text if category(c) != "Cf")
