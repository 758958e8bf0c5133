"""Text in a model's own characters: punctuation folded, traditional characters made simplified. No torch."""

from __future__ import annotations

from collections.abc import Container, Sequence

from tasks.poems import cleaning


def to_simplified(texts: Sequence[str]) -> list[str]:
    """``texts`` in simplified characters, word by word, by OpenCC's tables (``t2s``). None may hold a line break."""
    from opencc import OpenCC

    converted: str = OpenCC("t2s").convert("\n".join(texts))
    return converted.split("\n")


def transcribe(text: str, vocabulary: Container[str], *, simplify: bool) -> tuple[str, list[str]]:
    """Transcribe a text → as a model reads it, and the changes that were made, a sentence each.

    Args:
        simplify: traditional characters that the model does not know are made simplified.

    Raises:
        ValueError: it holds what is no Chinese character, or one that the model does not know; one sentence says
            which.
    """
    plain, notes = normalize(text, vocabulary, simplify=simplify)
    unknown = [c for c in dict.fromkeys(plain) if c not in vocabulary]
    if unknown:
        raise ValueError(
            f"The network never saw {' '.join(unknown)} (or too seldom to know it): begin with other characters."
        )
    return plain, notes


def normalize(text: str, vocabulary: Container[str], *, simplify: bool = True) -> tuple[str, list[str]]:
    """Transcribe a text of which the model need not know every character.

    Raises:
        ValueError: it holds what is no Chinese character; one sentence says which.
    """
    plain, notes = cleaning.fold(text), cleaning.fold_notes(text)
    foreign = [c for c in dict.fromkeys(plain) if not cleaning.is_chinese(c)]
    if foreign:
        shown = " ".join(c if c.isprintable() else f"U+{ord(c):04X}" for c in foreign)
        raise ValueError(f"Poems are written in Chinese characters: {shown} cannot stand in one.")
    if not simplify or all(c in vocabulary for c in plain):  # OpenCC takes a while to read its tables
        return plain, notes
    (converted,) = to_simplified([plain])
    changed = [f"{old} as {new}" for old, new in zip(plain, converted, strict=False) if old != new]
    read = [f"Read in simplified characters: {', '.join(dict.fromkeys(changed))}."] * bool(changed)
    return converted, [*notes, *read]
