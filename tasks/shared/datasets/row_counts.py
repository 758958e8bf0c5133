"""Row counters: rows of a file before anything is cleaned or left out. No torch, no pandas.

Each counter reads the whole file, so that truncation or damage raises ``DataError``.
"""

from __future__ import annotations

import csv
import io
import re
from itertools import groupby
from pathlib import Path

import msgspec

from tasks.base import DataError
from tasks.shared.datasets import archives, reading
from tasks.shared.decoding import decode


def lines(path: Path) -> int:
    """Count the lines that are not blank."""
    return sum(bool(line.strip()) for line in reading.text(path).splitlines())


def paragraphs(path: Path) -> int:
    """Count the runs of lines between blank ones."""
    return sum(written for written, _ in groupby(reading.text(path).splitlines(), key=lambda line: bool(line.strip())))


def csv_rows(path: Path) -> int:
    """Count the rows below the heads of a CSV, or of the one in a zip archive.

    Raises:
        DataError: it is no CSV.
    """
    rows = csv.reader(io.StringIO(reading.decode(reading.table(path), path, "utf-8-sig", "latin-1"), newline=""))
    try:
        return max(0, sum(bool(row) for row in rows) - 1)
    except csv.Error as error:
        raise DataError(f"{path} line {rows.line_num} is not CSV: {error}.") from None


def json_items(path: Path) -> int:
    """Count the items of a JSON list.

    Raises:
        DataError: it is something else.
    """
    try:
        return len(decode(reading.content(path), list[msgspec.Raw]))
    except msgspec.MsgspecError as error:
        raise DataError(f"{path} is not a JSON list: {error}.") from None


def members(path: Path, wanted: re.Pattern[str]) -> int:
    """Count the files in an archive or folder whose names ``wanted`` matches."""
    return sum(1 for _ in archives.members(path, wanted))
