"""The IMDB reviews: read from the archive, split, encoded.

Source: A. L. Maas et al., Learning Word Vectors for Sentiment Analysis, ACL 2011.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.base import DataError
from tasks.imdb.settings import LABELS, Settings
from tasks.shared.datasets import archives, cache, reading, splits
from tasks.shared.datasets.progress import report_progress
from tasks.shared.text import data, tokenizers
from tasks.shared.text.data import LabelledTexts, TextData

NAMES = ("aclImdb", "aclImdb_v1.tar.gz", "aclImdb_labelled.tar.gz")
_REVIEW = re.compile(r"(train|test)/(neg|pos)/(\d+)_(\d+)\.txt")
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
    (path, *_) = reading.find(folder, *NAMES)
    key = "imdb-" + cache.key(_VERSION if joined else _PARTED, settings.split_seed, paths=[path])
    return data.load(settings, key, LABELS, lambda: _read(path, settings.split_seed, joined))


def _read(path: Path, seed: int, joined: bool) -> LabelledTexts:
    """Every labelled review, in the order of part, class, number and stars, whatever the archive's order is."""
    report_progress(f"Reading the reviews in {path.name} …")
    members: dict[tuple[str, str, int, int], str] = {}
    empty = 0
    for name, content in archives.members(path, _REVIEW):
        part, label, number, stars = name[:-4].replace("_", "/").split("/")
        words = " ".join(
            tokenizers.english(reading.decode(content, f"{path}: {name}"))
        )  # a list would take ten times more
        if any(map(str.isalnum, words)):
            members[part, label, int(number), int(stars)] = words
        else:
            empty += 1
    for part in ("train", "test"):
        for label in ("neg", "pos"):
            if not any(key[:2] == (part, label) for key in members):
                raise DataError(f"{path} holds no {part}/{label}/*.txt review: fetch the archive again.")
    ordered = sorted(members)
    texts = [members[key] for key in ordered]
    labels = [int(label == "pos") for _, label, *_ in ordered]
    training = np.array([part == "train" for part, *_ in ordered])
    split = np.full(len(ordered), splits.TEST, dtype=np.int8)
    groups = itertools.compress(texts if joined else range(len(texts)), training)
    classes = itertools.compress(labels, training)
    split[training] = splits.stratified_groups([*groups], [*classes], seed, (_VALIDATION, 0.0))
    notes = [f"Reviews without a letter, skipped: {empty}."] if empty else []
    notes += _repeats(texts, training, joined)
    return LabelledTexts((text.split() for text in texts), labels, split.tolist(), notes, "texts" if joined else "")


def _repeats(texts: Sequence[str], training: NDArray[np.bool_], joined: bool) -> list[str]:
    """A sentence each on the reviews that repeat another's words."""
    half = sum(count for count in Counter(itertools.compress(texts, training)).values() if count > 1)
    across = splits.repeats(texts, ~training, training)
    notes = []
    if half:
        kept = "equal texts share a split" if joined else "in this run of an older version, equal texts may part"
        notes.append(f"{half:,} of the {training.sum():,} training-half reviews stand there more than once: {kept}.")
    if across:
        notes.append(
            f"{across:,} of the {(~training).sum():,} test reviews also stand in the training half: "
            "the split is the archive's own."
        )
    return notes
