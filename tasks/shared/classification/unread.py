"""Sentences on what of a text a network did not read: what it does not know, and what is past its limit."""

from __future__ import annotations

from collections.abc import Sequence

_SHOWN = 8


def unknown(parts: Sequence[str], of: int, noun: str) -> str:
    """Return a sentence on the parts that are unknown to the network; empty: none is.

    Args:
        parts: the unknown ones, in their order, repeats included.
        of: the number of all parts.
        noun: of the parts, in the plural.
    """
    if not parts:
        return ""
    names = list(dict.fromkeys(parts))
    shown = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
    return f"{len(parts):,} of {of:,} {noun} {'is' if len(parts) == 1 else 'are'} unknown to the network: {shown}."


def beyond(count: int, limit: int, noun: str, kept: str) -> str:
    """Return a sentence on a text that is longer than what is read; empty: it is not.

    Args:
        count: its parts.
        limit: the number of parts read at most; 0: all.
        noun: of the parts, in the plural.
        kept: ``first`` or ``last``.
    """
    return f"Only the {kept} {limit:,} of {count:,} {noun} are read (task.longest)." if 0 < limit < count else ""
