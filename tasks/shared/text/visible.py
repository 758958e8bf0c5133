"""Removal of invisible characters from a text. No torch."""

from __future__ import annotations

from unicodedata import category


def visible(text: str) -> str:
    """Return a text without format characters (Unicode's Cf): byte order marks, zero-width spaces of web pages."""
    return text if text.isprintable() else "".join(c for c in text if category(c) != "Cf")


def shortened(text: str) -> str:
    """Return a text as a message quotes it: its beginning alone, where it is long."""
    return text if len(text) <= 60 else f"{text[:59]}…"
