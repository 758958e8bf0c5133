"""The IMDB reviews: read from the archive, split, encoded.

Source: A. L. Maas et al., Learning Word Vectors for Sentiment Analysis, ACL 2011.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from tasks.base import DataError
from tasks.imdb.settings import LABELS, Settings
from tasks.shared.datasets import archives, cache, reading, splits
from tasks.shared.datasets.progress import report_progress
from tasks.shared.text import data, tokenizers
from tasks.shared.text.data import LabelledTexts, TextData

NAMES = ("aclImdb", "aclImdb_v1.tar.gz", "aclImdb_labelled.tar.gz")
_REVIEW = re.compile(r"(train|test)/(neg|pos)/(\d+)_(\d+)\.txt")
_VERSION = 2  # of the encoding: a change makes every cached copy an old one
_VALIDATION = 0.2


def load(settings: Settings, folder: Path) -> TextData:
    """The reviews in ``folder``, encoded; cached by the archive's hash and the split's seed.

    Raises:
        DataError: the archive is missing, truncated, damaged, or lacks one of its four parts.
    """
    (path, *_) = reading.find(folder, *NAMES)
    key = "imdb-" + cache.key(_VERSION, settings.split_seed, paths=[path])
    return data.load(settings, key, LABELS, lambda: _read(path, settings.split_seed))


def _read(path: Path, seed: int) -> LabelledTexts:
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
    labels = [int(label == "pos") for _, label, *_ in ordered]
    training = [part == "train" for part, *_ in ordered]
    split = np.full(len(ordered), splits.TEST, dtype=np.int8)
    split[training] = splits.stratified([y for y, t in zip(labels, training, strict=True) if t], seed, _VALIDATION)
    notes = [f"Reviews without a letter, skipped: {empty}."] if empty else []
    return LabelledTexts((members[key].split() for key in ordered), labels, split.tolist(), notes)
