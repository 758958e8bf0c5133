"""Separator, quotes and head of a table as text (CSV, TSV), found from its first lines. No torch."""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from _csv import Reader

SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
_LONGEST_HEAD = 60  # characters of a column's name


class Form(NamedTuple):
    """Form of a table's lines."""

    separator: str
    quoted: bool = True  # a cell may stand in double quotes

    @property
    def title(self) -> str:
        """Words for it."""
        return f"{SEPARATORS[self.separator]} between the cells{'' if self.quoted else ', quotes are plain characters'}"


def find_form(sample: str, *, whole: bool, separators: Sequence[str] = tuple(SEPARATORS)) -> Form | None:
    """Return the form by which most of the lines have the same number of cells, two or more; ``None``: by none.

    Args:
        sample: the first lines.
        whole: they are the whole file: else the last row is left out, which may be torn.
    """
    found: list[tuple[float, int, Form]] = []
    for separator in separators:
        form = Form(separator)
        rows, share, width = _regularity(sample, form, whole)
        if separator == "\t":  # tables with tabs are often written without any quoting
            plain = Form(separator, quoted=False)
            more, share_of_plain, width_of_plain = _regularity(sample, plain, whole)
            if share_of_plain > share or (share_of_plain == share and more > rows):
                form, share, width = plain, share_of_plain, width_of_plain
        if width > 1:
            found.append((share, width, form))
    return max(found, key=lambda one: one[:2], default=(0, 0, None))[2]


@contextmanager
def long_cells(most: int) -> Iterator[None]:
    """Let ``csv`` read cells of so many characters within the context; it refuses more than 131,072 otherwise."""
    before = csv.field_size_limit(most)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def reader(lines: Iterable[str], form: Form, *, strict: bool = True) -> Reader:
    """Return ``csv``'s reader of lines in a form."""
    if form.quoted:
        return csv.reader(lines, delimiter=form.separator, strict=strict)
    return csv.reader(lines, delimiter=form.separator, quoting=csv.QUOTE_NONE, strict=strict)


def has_head(rows: Sequence[Sequence[str]], usual: frozenset[str]) -> bool:
    """Return whether the first row names the columns.

    It does where a cell of it is one of the ``usual`` names (in lower case), or where its cells are short, distinct
    and no numbers, and are seen in no other row, while those of some column below are much longer or are numbers.
    """
    head, *others = [[cell.strip() for cell in row] for row in rows]
    others = [row for row in others if row != head]  # of files that were joined
    columns = list(zip(*others, strict=False))
    below = list(itertools.zip_longest(head, columns[: len(head)], fillvalue=()))
    if any(cell and cell in column for cell, column in below):
        return False
    if any(cell.lower() in usual for cell in head):
        return True
    if not others or not all(head) or len(set(head)) < len(head):
        return False
    if any(_is_number(cell) or len(cell) > _LONGEST_HEAD for cell in head):
        return False
    return any(
        all(map(_is_number, column)) or median(map(len, column)) > 3 * max(len(cell), 3)
        for cell, column in below
        if any(column)
    )


def _regularity(sample: str, form: Form, whole: bool) -> tuple[int, float, int]:
    """Return the number of rows, the share of those that are as wide as most, and that width."""
    widths = []
    try:
        widths += [len(row) for row in reader(io.StringIO(sample, newline=""), form, strict=False) if row]
    except csv.Error:
        return 0, 0.0, 0
    if not whole and len(widths) > 1:
        widths.pop()
    if not widths:
        return 0, 0.0, 0
    width, count = Counter(widths).most_common(1)[0]
    return len(widths), count / len(widths), width


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
