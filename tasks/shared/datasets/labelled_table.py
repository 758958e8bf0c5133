"""Table of labelled texts: a CSV with a head of known columns, one of which holds the class."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tasks.base import DataError
from tasks.shared.datasets import encodings, reading

_NOT_ENGLISH = re.compile("[\u3400-\u9fff\ue000-\uf8ff]")  # Han characters, and those of private use


class Layout(NamedTuple):
    """Columns of a table and the classes that one of them may hold."""

    columns: tuple[str, ...]
    label: str  # the class's column
    labels: tuple[str, ...]
    noun: str  # for a class, in messages

    @property
    def place(self) -> int:
        """Index of the class's column."""
        return self.columns.index(self.label)


def rows(path: Path, layout: Layout) -> Iterator[list[str]]:
    """Yield the cells of each row, whose class is a known one; blank lines are no rows.

    The CSV may be gzipped or in a zip. Its text is in UTF-8, in UTF-16 with its mark or, as spreadsheets save it in
    China, in GB18030.

    Raises:
        DataError: the file or one of its lines is not what it should be.
    """
    lines = csv.reader(io.StringIO(_text(path, layout), newline=""), strict=True)
    try:
        head = next(lines, [])
        if head != list(layout.columns):
            raise DataError(
                f"{path}, line 1: expected the columns {','.join(layout.columns)}, found {','.join(head)[:60]}: "
                "put them at the file's top, with commas between."
            )
        for row in filter(None, lines):
            where = f"{path}, line {lines.line_num}"
            if len(row) != len(layout.columns):
                raise DataError(f"{where}: expected {len(layout.columns)} columns, found {len(row)}.")
            if (label := row[layout.place]) not in layout.labels:
                *others, last = layout.labels
                raise DataError(
                    f"{where}: unknown {layout.noun} {label[:20]!r}, expected {', '.join(others)} or {last}."
                )
            yield row
    except csv.Error as error:
        raise DataError(f"{path}, line {lines.line_num}: not a CSV row ({error}): fetch it again.") from None


def _text(path: Path, layout: Layout) -> str:
    content = reading.table(path)
    if marked := encodings.by_mark(content):
        return reading.decode(content, path, marked)
    try:
        return reading.decode(content, path)
    except DataError:
        if _is_gb18030(content, layout):
            return reading.decode(content, path, "gb18030")
        raise


def _is_gb18030(content: bytes, layout: Layout) -> bool:
    """Return whether the first row's class is a known one; GB18030 takes nearly any bytes.

    Classes in ASCII tell nothing: there Han characters show that the bytes are of another encoding (Windows-1252).
    """
    text = content.decode("gb18030", errors="replace")
    first: list[str] = []
    with suppress(csv.Error):
        lines = csv.reader(io.StringIO(text, newline=""))
        next(lines, None)
        first = next(lines, [])
    known = len(first) == len(layout.columns) and first[layout.place] in layout.labels
    return known and not ("".join(layout.labels).isascii() and _NOT_ENGLISH.search(text))
