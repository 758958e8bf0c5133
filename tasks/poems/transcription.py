"""A person's text in a model's own characters. No torch."""

from __future__ import annotations

from collections.abc import Container

from tasks.poems import cleaning, simplification


def spelled(text: str, vocabulary: Container[str], *, simplify: bool) -> tuple[str, list[str]]:
    """A text as a model reads it, and what was made of it, a sentence each.

    Args:
        simplify: traditional characters that the model does not know are made simplified.

    Raises:
        ValueError: it holds what the model does not know; one sentence says what.
    """
    plain, notes = simplified(text, vocabulary, simplify=simplify)
    unknown = [c for c in dict.fromkeys(plain) if c not in vocabulary]
    if unknown:
        raise ValueError(
            f"The network never saw {' '.join(unknown)} (or too seldom to know it): begin with other characters."
        )
    return plain, notes


def simplified(text: str, known: Container[str], *, simplify: bool = True) -> tuple[str, list[str]]:
    """The same, whether or not all of it is known.

    Raises:
        ValueError: it holds what is no Chinese character; one sentence says what.
    """
    plain = cleaning.plain(text)
    foreign = [c for c in dict.fromkeys(plain) if not cleaning.is_chinese(c)]
    if foreign:
        shown = " ".join(c if c.isprintable() else f"U+{ord(c):04X}" for c in foreign)
        raise ValueError(f"Poems are written in Chinese characters: {shown} cannot stand in one.")
    if not simplify or all(c in known for c in plain):  # OpenCC takes a while to read its tables
        return plain, []
    (converted,) = simplification.simplified([plain])
    changed = [f"{old} as {new}" for old, new in zip(plain, converted, strict=False) if old != new]
    return converted, [f"Read in simplified characters: {', '.join(dict.fromkeys(changed))}."] * bool(changed)
