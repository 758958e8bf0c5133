"""Removal of characters that have no width."""

from __future__ import annotations

from unicodedata import category


def visible(text: str) -> str:
    """Return a text without format characters (Unicode's Cf): byte order marks, the zero-width spaces of web pages."""
    return text if text.isprintable() else "".join(c for c in text if category(c) != "Cf")
