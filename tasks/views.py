"""Views of a task's results, as plain data: no torch, no terminal.

A view travels in a run's events, so a reader needs neither the task nor its data to draw it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

TableValue = str | int | float | None


class _View(msgspec.Struct, frozen=True, kw_only=True, tag_field="view"):
    title: str
    note: str = ""


class Confusion(_View, frozen=True, kw_only=True, tag="confusion"):
    """A confusion matrix: ``counts[i][j]`` examples of true class ``labels[i]`` predicted as ``labels[j]``."""

    labels: list[str]
    counts: list[list[int]]


class Table(_View, frozen=True, kw_only=True, tag="table"):
    """Rows of cells under named columns. Floats are fractions unless the column's name says otherwise."""

    columns: list[str]
    rows: list[list[TableValue]]


class Text(_View, frozen=True, kw_only=True, tag="text"):
    """A passage to be shown as it is, never as markup."""

    text: str


class Series(_View, frozen=True, kw_only=True, tag="series"):
    """Named curves over a common axis; ``None`` is a gap."""

    x_label: str
    x: list[float]
    curves: dict[str, list[float | None]]
    split: Literal["", "train", "val", "test"] = ""  # of the row that it shows
    place: int | None = None  # of that row in its split, from 0; none: it shows no single row


class Annotation(msgspec.Struct, frozen=True, kw_only=True):
    """Marks on the characters of a generated text, by their numbers; a part of its display, no view of its own."""

    labels: list[str] = []  # one for each character, such as its tone; empty: none
    linked: list[int] = []  # characters that belong together, such as rhymes
    faults: list[int] = []  # characters that break a rule
    verdict: str = ""  # results of the rules on a whole text, in a line


View = Confusion | Table | Text | Series
