"""The IMDB reviews as their sources have them: the archive's files, or Kaggle's table.

Source: A. L. Maas et al., Learning Word Vectors for Sentiment Analysis, ACL 2011.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections.abc import Iterator
from pathlib import Path

from tasks.base import DataError
from tasks.imdb.settings import LABELS, TABLES
from tasks.shared.datasets import archives, reading
from tasks.shared.text import tokenizers

_REVIEW = re.compile(r"(train|test)/(neg|pos)/(\d+)_(\d+)\.txt")
_COLUMNS = ["review", "sentiment"]
_HALF = 25_000  # reviews of the archive's halves


@dataclasses.dataclass(frozen=True)
class Reviews:
    """Each review's words, joined by spaces, its class, and the half that it is of."""

    texts: list[str]
    labels: list[int]
    training: list[bool]
    empty: int = 0  # those without a letter, left out
    official: bool = True  # the halves are the archive's own


def read(path: Path) -> Reviews:
    """Read every labelled review of an archive, a folder or a table.

    Raises:
        DataError: it cannot be read, is truncated or damaged, or lacks one of its parts.
    """
    return _table(path) if path.name in TABLES else _archive(path)


def _archive(path: Path) -> Reviews:
    """The reviews in the order of part, class, number and stars, whatever the archive's order is."""
    members: dict[tuple[str, str, int, int], str] = {}
    empty = 0
    for name, content in archives.members(path, _REVIEW):
        part, label, number, stars = name[:-4].replace("_", "/").split("/")
        if words := _words(reading.decode(content, f"{path}: {name}")):
            members[part, label, int(number), int(stars)] = words
        else:
            empty += 1
    for part in ("train", "test"):
        for label in ("neg", "pos"):
            if not any(key[:2] == (part, label) for key in members):
                raise DataError(f"{path} holds no {part}/{label}/*.txt review: fetch the archive again.")
    ordered = sorted(members)
    return Reviews(
        [members[key] for key in ordered],
        [int(label == "pos") for _, label, *_ in ordered],
        [part == "train" for part, *_ in ordered],
        empty,
    )


def _table(path: Path) -> Reviews:
    """The reviews in the table's order; a text is of the half in which it stands first.

    The table has no halves: its first 25,000 rows (of a smaller table the first half) are taken for the training half.
    """
    rows = list(_rows(path))
    half = min(_HALF, len(rows) // 2)
    first: dict[str, bool] = {}
    texts, labels = [], []
    for number, (review, label) in enumerate(rows):
        if words := _words(review):
            first.setdefault(words, number < half)
            texts.append(words)
            labels.append(label)
    return Reviews(texts, labels, [first[words] for words in texts], len(rows) - len(texts), official=False)


def _rows(path: Path) -> Iterator[tuple[str, int]]:
    """(review, class) of each row of the table.

    Raises:
        DataError: the file or one of its lines is not what it should be.
    """
    lines = csv.reader(io.StringIO(reading.decode(reading.table(path), path), newline=""), strict=True)
    try:
        head = next(lines, [])
        if head != _COLUMNS:
            raise DataError(
                f"{path}, line 1: expected the columns {','.join(_COLUMNS)}, found {','.join(head)[:60]}: "
                "put them at the file's top, with commas between."
            )
        for row in filter(None, lines):
            where = f"{path}, line {lines.line_num}"
            if len(row) != len(_COLUMNS):
                raise DataError(f"{where}: expected {len(_COLUMNS)} columns, found {len(row)}.")
            if row[1] not in LABELS:
                raise DataError(f"{where}: unknown sentiment {row[1][:20]!r}, expected positive or negative.")
            yield row[0], LABELS.index(row[1])
    except csv.Error as error:
        raise DataError(f"{path}, line {lines.line_num}: not a CSV row ({error}): fetch it again.") from None


def _words(text: str) -> str:
    """The words of a review, joined: a list would take ten times more. Empty: it has no letter."""
    words = " ".join(tokenizers.english(text))
    return words if any(map(str.isalnum, words)) else ""
