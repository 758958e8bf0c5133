"""Preview of the data that a training would read, as plain data: no torch, no terminal."""

from __future__ import annotations

import msgspec


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """First rows and facts of a task's data, read by the same functions as a training reads it by."""

    source: str  # path of the file or folder
    columns: list[str] = []  # headings of ``rows``
    rows: list[list[str]] = []  # the first few, their cells shortened
    counts: dict[str, int] = {}  # examples of each class, the largest first; empty: there are no classes
    splits: dict[str, int] = {}  # examples of train, val and test
    lengths: dict[str, float] = {}  # of an example: shortest, median, 95 %, longest
    length_unit: str = ""  # of ``lengths``, in the plural: characters, words, readings
    guessed: list[str] = []  # what nobody set and the file told, a sentence each, with the setting that changes it
    dropped: list[str] = []  # what is left out, moved or averaged, a sentence each, with its count
    notes: list[str] = []  # further remarks, a sentence each
