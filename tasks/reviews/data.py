"""The shopping reviews: read, split by their place in the file, cut into words by jieba, encoded.

Source: SophonPlus, ChineseNlpCorpus, online_shopping_10_cats.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tasks.base import DataError
from tasks.reviews.settings import CATEGORIES, FILES, Settings
from tasks.shared.datasets import cache, labelled_table, locations, reading, registry, splits
from tasks.shared.datasets.labelled_table import Layout
from tasks.shared.datasets.progress import report_progress
from tasks.shared.text import data, tokenizers
from tasks.shared.text.data import LabelledTexts, TextData
from tasks.shared.text.vocabulary import END, START

_EMPTY = f"{START} {END}"
_VERSION = 3  # of the encoding: a change makes every cached copy an old one
_LAYOUT = Layout(("cat", "label", "review"), "cat", CATEGORIES, "category")
_PLACES = {4: splits.VAL, 0: splits.TEST}  # the class reports' split: row number modulo 5


def load(settings: Settings, folder: Path) -> TextData:
    """The reviews in ``folder``, encoded; cached by the file's hash.

    Raises:
        DataError: the file is missing, truncated, in a wrong encoding, or a line of it is not what it should be.
    """
    (path, *_) = reading.find(folder, *FILES)
    starter = locations.is_starter("reviews", folder)
    key = "reviews-" + cache.key(_VERSION, cache.library("jieba"), paths=[path])
    return data.load(settings, key, CATEGORIES, lambda: _read(path, starter), spell=True)


def rows(path: Path) -> Iterator[tuple[str, str]]:
    """(category, review) of each row of ``online_shopping_10_cats``.

    Raises:
        DataError: the file or one of its lines is not what it should be.
    """
    for category, _, review in labelled_table.rows(path, _LAYOUT):
        yield category, review


def words(review: str) -> list[str]:
    """A review's words between ``<s>`` and ``</s>``."""
    return [START, *tokenizers.chinese(review), END]


def _read(path: Path, starter: bool) -> LabelledTexts:
    reviews = list(rows(path))
    report_progress(f"Cutting {len(reviews):,} reviews into words (jieba) …")
    split = [_PLACES.get(number % 5, splits.TRAIN) for number in range(1, len(reviews) + 1)]
    labels = [CATEGORIES.index(category) for category, _ in reviews]
    texts = [" ".join(words(review)) for _, review in reviews]  # lists would take ten times more
    if reviews and texts.count(_EMPTY) == len(texts):
        raise DataError(f"{path}: the column review is empty in all {len(texts):,} rows: fetch it again.")
    notes = ([] if starter else registry.rows_note("reviews", len(reviews))) + _notes(texts, split)
    return LabelledTexts((text.split(" ") for text in texts), labels, split, notes)


def _notes(texts: Sequence[str], split: Sequence[int]) -> list[str]:
    """A sentence each on the reviews without a word and on those that stand in two splits."""
    empty = np.array([text == _EMPTY for text in texts], dtype=bool)
    notes = [f"Empty reviews, which keep their place in the numbering: {empty.sum()}."] if empty.any() else []
    place = np.array(split)
    repeated = [
        f"{count:,} of the {(place == number).sum():,} {name} reviews"
        for number, name in ((splits.VAL, "validation"), (splits.TEST, "test"))
        if (count := splits.repeats(texts, ~empty & (place == number), place == splits.TRAIN))
    ]
    if repeated:
        notes.append(f"{' and '.join(repeated)} also stand in the training split: the split is by row number.")
    return notes
