"""The IMDB reviews, split and encoded."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import numpy as np

from tasks.base import DataError
from tasks.imdb import reviews
from tasks.imdb.reviews import Reviews
from tasks.imdb.settings import ARCHIVES, LABELS, TABLES, Settings
from tasks.shared.datasets import cache, locations, reading, registry, splits
from tasks.shared.datasets.progress import report_progress
from tasks.shared.text import data
from tasks.shared.text.data import LabelledTexts, TextData

_VERSION = 3  # of the encoding: a change makes every cached copy an old one
_PARTED = 2  # the last version that let equal texts part
_VALIDATION = 0.2


def load(settings: Settings, folder: Path, *, joined: bool = True) -> TextData:
    """The reviews in ``folder``, encoded; cached by the archive's hash and the split's seed.

    Args:
        joined: equal texts of the training half stay in one split; runs begun by older versions let them part.

    Raises:
        DataError: the archive is missing, truncated, damaged, or lacks one of its four parts.
    """
    (path, *_) = reading.find(folder, *ARCHIVES, *TABLES)
    starter = locations.is_starter("imdb", folder)
    key = "imdb-" + cache.key(_VERSION if joined else _PARTED, settings.split_seed, paths=[path])
    return data.load(settings, key, LABELS, lambda: _read(path, settings.split_seed, joined, starter))


def _read(path: Path, seed: int, joined: bool, starter: bool) -> LabelledTexts:
    report_progress(f"Reading the reviews in {path.name} …")
    found = reviews.read(path)
    for half, there in (("training", any(found.training)), ("test", not all(found.training))):
        if not there:
            raise DataError(f"{path} holds no review for the {half} half: fetch it again.")
    training = np.array(found.training)
    split = np.full(len(found.texts), splits.TEST, dtype=np.int8)
    groups = itertools.compress(found.texts if joined else range(len(found.texts)), training)
    classes = itertools.compress(found.labels, training)
    split[training] = splits.stratified_groups([*groups], [*classes], seed, (_VALIDATION, 0.0))
    texts = (text.split() for text in found.texts)
    return LabelledTexts(
        texts, found.labels, split.tolist(), _notes(path, found, joined, starter), "texts" if joined else ""
    )


def _notes(path: Path, found: Reviews, joined: bool, starter: bool) -> list[str]:
    """A sentence each on what is left out, is missing, or stands there more than once."""
    training = np.array(found.training)
    notes = [] if starter else registry.rows_note("imdb", len(found.texts) + found.empty)
    if found.copies:
        notes.append(f"{found.copies:,} reviews of {path.name} stand there twice (nested copies): keep one folder.")
    if found.empty:
        notes.append(f"Reviews without a letter, skipped: {found.empty}.")
    if not found.official:
        notes.append(
            f"{path.name} does not say which half of the archive a review is of: its first {training.sum():,} train "
            "and validate, the others test, so that figures are not comparable with the archive's."
        )
    half = sum(count for count in Counter(itertools.compress(found.texts, training)).values() if count > 1)
    across = splits.repeats(found.texts, ~training, training)
    if half:
        kept = "equal texts share a split" if joined else "in this run of an older version, equal texts may part"
        notes.append(f"{half:,} of the {training.sum():,} training-half reviews stand there more than once: {kept}.")
    if across:
        notes.append(
            f"{across:,} of the {(~training).sum():,} test reviews also stand in the training half: "
            "the split is the archive's own."
        )
    return notes
