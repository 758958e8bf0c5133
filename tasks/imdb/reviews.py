"""The IMDB reviews as their sources have them: the archive's files, or Kaggle's table.

Source: A. L. Maas et al., Learning Word Vectors for Sentiment Analysis, ACL 2011.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from tasks.base import DataError
from tasks.imdb.settings import LABELS, TABLES
from tasks.shared.datasets import archives, labelled_table, reading
from tasks.shared.datasets.labelled_table import Layout
from tasks.shared.text import tokenizers

_REVIEW = re.compile(r"(train|test)/(neg|pos)/(\d+)_(\d+)\.txt")
_LAYOUT = Layout(("review", "sentiment"), "sentiment", LABELS, "sentiment")
_HALF = 25_000  # reviews of the archive's halves


@dataclasses.dataclass(frozen=True)
class Reviews:
    """Each review's words, joined by spaces, its class, and the half that it is of."""

    texts: list[str]
    labels: list[int]
    training: list[bool]
    empty: int = 0  # those without a letter, left out
    copies: int = 0  # those read before under the same name, left out
    official: bool = True  # the halves are the archive's own


def read(path: Path) -> Reviews:
    """Read every labelled review of an archive, a folder or a table.

    Raises:
        DataError: it cannot be read, is truncated or damaged, or lacks one of its parts.
    """
    return _table(path) if path.name in TABLES else _archive(path)


def _archive(path: Path) -> Reviews:
    """The reviews in the order of part, class, number and stars, whatever the archive's order is.

    Raises:
        DataError: a part is missing, or two copies of a review differ.
    """
    members: dict[tuple[str, str, int, int], str] = {}
    copies = 0
    for name, content in archives.members(path, _REVIEW):
        part, label, number, stars = name[:-4].replace("_", "/").split("/")
        words = _words(reading.decode(content, f"{path}: {name}"))
        key = part, label, int(number), int(stars)
        copies += key in members
        if members.setdefault(key, words) != words:
            raise DataError(f"{path} holds {name} twice, with different texts (nested copies): keep one folder.")
    ordered = sorted(key for key, words in members.items() if words)
    for part in ("train", "test"):
        for label in ("neg", "pos"):
            if not any(key[:2] == (part, label) for key in ordered):
                raise DataError(f"{path} holds no {part}/{label}/*.txt review: fetch the archive again.")
    return Reviews(
        [members[key] for key in ordered],
        [int(label == "pos") for _, label, *_ in ordered],
        [part == "train" for part, *_ in ordered],
        len(members) - len(ordered),
        copies,
    )


def _table(path: Path) -> Reviews:
    """The reviews in the table's order; a text is of the half in which it stands first.

    The table has no halves: its first 25,000 rows (of a smaller table the first half) are taken for the training half.
    """
    rows = [(review, LABELS.index(label)) for review, label in labelled_table.rows(path, _LAYOUT)]
    half = min(_HALF, len(rows) // 2)
    first: dict[str, bool] = {}
    texts, labels = [], []
    for number, (review, label) in enumerate(rows):
        if words := _words(review):
            first.setdefault(words, number < half)
            texts.append(words)
            labels.append(label)
    return Reviews(texts, labels, [first[words] for words in texts], len(rows) - len(texts), official=False)


def _words(text: str) -> str:
    """The words of a review, joined: a list would take ten times more. Empty: it has no letter."""
    words = " ".join(tokenizers.english(text))
    return words if any(map(str.isalnum, words)) else ""
