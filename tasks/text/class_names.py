"""Names of classes: their order, those that look alike, and how a note lists them. No torch."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from contextlib import suppress

_SHOWN = 5  # classes that a note lists


def ordered(names: Iterable[str]) -> list[str]:
    """Return the classes in order: numbers by value, others by name."""
    names = list(names)
    with suppress(ValueError):
        if all(math.isfinite(float(name)) for name in names):
            return sorted(names, key=lambda name: (float(name), name))
    return sorted(names)


def alike(names: list[str]) -> list[str]:
    """Say which classes differ in case, form of characters, or the writing of a number alone."""
    groups: dict[str | float, list[str]] = {}
    for name in names:
        key: str | float = unicodedata.normalize("NFKC", name).casefold()
        with suppress(ValueError):
            key = float(key) if math.isfinite(float(key)) else key
        groups.setdefault(key, []).append(name)
    same = [" and ".join(group) for group in groups.values() if len(group) > 1]
    if not same:
        return []
    return [f"Classes that look alike and are kept apart: {listed(same)}; write them alike where they are one."]


def listed(names: list[str]) -> str:
    """Return the first of some classes, as a note lists them."""
    shown = ", ".join(name[:40] for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else shown
