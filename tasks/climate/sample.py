"""Sample of a series' CSV file: its column names, its first rows and some from all over it. No numpy.

A large file is not read whole: some pieces of it, evenly spread, tell what its columns hold.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tasks.base import DataError
from tasks.climate import csv_table, marks, moments
from tasks.shared.datasets import archives, bounded, encodings
from tasks.shared.datasets.delimited import SEPARATORS

_WHOLE = 4 << 20  # bytes of a file that is read whole
_PIECE = 256 << 10  # bytes of each piece of a larger one
_PIECES = 8
_FIRST, _SPREAD = 2_000, 2_000  # rows
_BELOW = 5  # rows below the column names that must have as many cells


class Sample(NamedTuple):
    """Some rows of a file, all as wide as its column names."""

    path: Path
    heads: list[str]
    line: int  # of the column names
    separator: str
    first: list[list[str]]  # the file's first rows, without a gap
    spread: list[list[str]]  # rows from all over the file, the first and the last among them
    rows: int  # of the file, estimated where it was not read whole
    encoding: str  # name of Python's codec

    def column(self, place: int) -> list[str]:
        """Return a column's cells in the rows from all over the file, without blanks round them."""
        return [row[place].strip() for row in self.spread]


def take(path: Path) -> Sample | None:
    """Return a sample of a file; ``None``: no line of it names columns.

    Raises:
        DataError: it cannot be read, or is no text.
    """
    try:
        found = path.stat()
        return _take(path, found.st_mtime_ns, found.st_size)
    except OSError as error:
        raise archives.unreadable(path, error) from None


@functools.lru_cache(maxsize=8)
def _take(path: Path, changed: int, size: int) -> Sample | None:
    pieces, share, encoding = _pieces(path, size)
    found = _find_heads(pieces[0])
    if found is None:
        return None
    line, heads, separator = found
    rows = _rows("".join(pieces[0].splitlines(keepends=True)[line:]), separator, len(heads))
    if not rows:
        return None
    later = [row for piece in pieces[1:] for row in _rows(piece, separator, len(heads))]
    every = [*rows, *later]
    step = max(1, len(every) // _SPREAD)
    count = len(every) if share == 1 else round(len(every) / share)
    return Sample(path, heads, line, separator, rows[:_FIRST], [*every[::step], every[-1]], count, encoding)


def _pieces(path: Path, size: int) -> tuple[list[str], float, str]:
    """Return a file's text, or some whole lines from all over it; the share of it that they are; and its encoding."""
    with bounded.opened(path) as file:
        start = file.read(_PIECE)
        packed = archives.is_zip(start) or archives.is_gzip(start)
        if size <= _WHOLE or packed or encodings.by_mark(start) in ("utf-16", "utf-32"):
            text, encoding = csv_table.read_text(path)
            return [text], 1.0, encoding
        pieces = [start[: start.rfind(b"\n") + 1]]
        for number in range(1, _PIECES):
            file.seek((size - _PIECE) * number // (_PIECES - 1))
            piece = file.read(_PIECE)
            end = len(piece) if number == _PIECES - 1 else piece.rfind(b"\n") + 1
            pieces.append(piece[piece.find(b"\n") + 1 : end])
    share = sum(map(len, pieces)) / size
    try:
        encoding = encodings.detect(path, lambda: pieces, cure=csv_table.ENCODING_CURE)
    except DataError:
        if b"\0" in start:
            raise
        encoding = "utf-8"  # with faults: reading the file whole says where
    return [piece.decode(encoding, errors="replace") for piece in pieces], share, encoding


def _rows(text: str, separator: str, width: int) -> list[list[str]]:
    """Return the rows of a text that are as wide as the column names, and not of empty cells alone."""
    rows = csv_table.cells(text, separator)
    try:
        return [row[:width] for row in rows if len(row) >= width and any(map(str.strip, row))]
    except csv.Error:
        return []  # reading the file whole says where


def _find_heads(text: str) -> tuple[int, list[str], str] | None:
    """Return the line that names the columns, its names and what separates them; the widest that rows go with."""
    best: tuple[int, list[str], str] | None = None
    for separator in SEPARATORS:
        top = [(reader.line_num, cells) for reader, cells in csv_table.top_rows(text, separator)]
        for place, (line, heads) in enumerate(top):
            below = [row for _, row in top[place + 1 :] if any(row)][:_BELOW]
            wider = best is None or len(heads) > len(best[1])
            if wider and _are_names(heads) and below and all(_fits(row, len(heads)) for row in below):
                best = (line, heads, separator)
    return best


def _fits(row: Sequence[str], width: int) -> bool:
    return len(row) == width or (len(row) > width and not any(row[width:]))


def _are_names(heads: Sequence[str]) -> bool:
    """Tell whether cells are names of columns: no numbers, or numbers behind a word that is no time."""
    if len(heads) == 1 and any(mark in heads[0] for mark in SEPARATORS):
        return False  # several cells, by another separator
    if not any(marks.is_number(cell) for cell in heads):
        return any(heads)
    return bool(heads[0]) and not marks.is_number(heads[0]) and moments.read(heads[0]) is None
