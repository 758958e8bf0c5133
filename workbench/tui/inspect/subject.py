"""Subject of an inspection: a text that is typed, or a row of the data, and its place as people write it."""

from __future__ import annotations

import re

from workbench.inference.protocol import Inspect
from workbench.render.text import printable
from workbench.runs.inspections import Inspection

_PLACE = re.compile(r"\s*(row|window)\s+(\d{1,9})\s*", re.IGNORECASE)
FIRST_ROW = Inspect(place=0)
_SPOKEN = 0.5  # share of the steps that are words, from which blanks stand between them


def subject_of(typed: str) -> Inspect:
    """Return the request for what was typed: ``row N``, from 1, or ``window N``, from 0, of the test split, or a text.

    Raises:
        ValueError: nothing was typed, or row 0; one sentence says what to type.
    """
    if not typed.strip():
        raise ValueError("Type a text, or row 1 for the first row of the test split.")
    found = _PLACE.fullmatch(typed)
    if found is None:
        return Inspect(text=typed)
    window, number = found[1].lower() == "window", int(found[2])
    if not window and number == 0:
        raise ValueError("Rows are counted from 1: type row 1 for the first one.")
    return Inspect(place=number if window else number - 1)


def neighbour(subject: Inspect, by: int) -> Inspect:
    """Return the row of the test split that is so many places after a subject; the first one after a text."""
    return Inspect(split=subject.split, place=0 if subject.place is None else max(0, subject.place + by))


def describe(subject: Inspect, inspection: Inspection | None = None) -> str:
    """Return the place of a subject in words: ``test row 1``; empty for a text that was typed."""
    if subject.place is not None:
        number = subject.place if inspection and inspection.unit else subject.place + 1
        return f"{subject.split} {'window' if inspection and inspection.unit else 'row'} {number:,}"
    return f"row {subject.row:,} of the data" if subject.row is not None else ""


def editable(subject: Inspect, inspection: Inspection) -> str:
    """Return the text of the field for a row that was inspected: its own text, else its place."""
    if subject.place is None and subject.row is None:
        return subject.text
    special = any(symbol.startswith("<") and symbol.endswith(">") for symbol in inspection.symbols)
    if not inspection.unit and not special:
        return printable((" " * spaced(inspection.symbols)).join(inspection.symbols))
    if subject.place is None:
        return ""
    return f"window {subject.place}" if inspection.unit else f"row {subject.place + 1}"


def spaced(symbols: list[str]) -> bool:
    """Return whether blanks stand between the symbols when they are written as a text: most are words of ASCII."""
    return sum(symbol.isascii() and len(symbol) > 1 for symbol in symbols) > _SPOKEN * len(symbols)
