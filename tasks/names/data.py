"""The names: read, fold to ASCII, split, encode.

Shapes: N rows, T letters of the longest name.
"""

from __future__ import annotations

import dataclasses
import string
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tasks.base import EVAL_SPLITS, DataError, Split, State
from tasks.names import classes
from tasks.names.classes import ClassFiles
from tasks.names.settings import LANGUAGES, Settings
from tasks.shared.classification import ngram_embedding
from tasks.shared.datasets import cache, encodings, reading, splits
from tasks.shared.datasets.cache import Encoding, Meta
from tasks.shared.sequences.batching import uniform_over_classes

LETTERS = string.ascii_letters + " .,;'"  # the classic tutorial's 57
_VERSION = 2  # of the encoding: a change makes every cached copy an old one
_RARE = 2  # a letter n-gram that stands in fewer training names would be known by heart
_POOL_DRAWS = 10_000  # as many as the tutorial's confusion matrix
_LONGEST = Settings.longest_text


class _TooFewError(DataError):
    """No class has names to hold back."""

    def __init__(self) -> None:
        super().__init__("no class has enough names to hold any back for validation and test: write three in one.")


@dataclasses.dataclass(frozen=True)
class NamesData(splits.SplitRows):
    """Every name as letters' numbers."""

    codes: Tensor  # (N,T) uint8, on the device
    labels: Tensor  # (N,) int64, on the device
    lengths: Tensor  # (N,) int64, on the CPU
    rows: dict[Split, Tensor]  # each split's row numbers, on the CPU
    state: State
    notes: tuple[str, ...] = ()

    def to(self, device: torch.device) -> NamesData:
        return dataclasses.replace(self, codes=self.codes.to(device), labels=self.labels.to(device))

    def names(self, split: Split) -> tuple[list[str], NDArray[np.int64]]:
        """Return a split's names as text, and their classes' numbers."""
        rows = self.rows[split]
        return self.texts(rows), self.labels[rows].cpu().numpy()

    def letter_ngrams(self, longest: int) -> Tensor:
        """Return the keys of the training split's n-grams, in order, as ``ngram_embedding.vocabulary`` does: (K,)."""
        rows = self.rows["train"]
        whole = (self.codes[rows].cpu(), self.lengths[rows])
        return ngram_embedding.vocabulary([whole], len(LETTERS), longest, _RARE)

    def texts(self, rows: Tensor) -> list[str]:
        """Return some names as text."""
        codes, lengths = self.codes[rows].tolist(), self.lengths[rows].tolist()
        return ["".join(LETTERS[c] for c in row[:n]) for row, n in zip(codes, lengths, strict=True)]


def fold(name: str) -> tuple[str, str]:
    """Return a name in the 57 letters, accents dropped (NFD), and the characters that are not among them."""
    plain = [c for c in unicodedata.normalize("NFD", name.strip()) if unicodedata.category(c) != "Mn"]
    return "".join(c for c in plain if c in LETTERS).strip(), "".join(c for c in plain if c not in LETTERS)


def encode(name: str) -> list[int]:
    """Return a folded name as letters' numbers."""
    return [LETTERS.index(letter) for letter in name]


def load(settings: Settings, folder: Path) -> NamesData:
    """Return the names of the user's own folder, or those in ``folder``, encoded; cached by files and settings.

    Raises:
        DataError: a file is missing, is not UTF-8, holds no name, or holds a line that is too long for one; or the
            user's folder holds fewer than two classes.
    """
    if settings.folder:
        found = classes.find(Path(settings.folder))
        key = cache.key(_VERSION, settings.rows, settings.split_seed, found.labels, paths=found.paths)
    else:
        paths = [folder / name for name in Settings.files]
        found = ClassFiles(paths, list(LANGUAGES), _left_out(folder))
        key = cache.key(_VERSION, settings.rows, settings.split_seed, paths=paths)
    key = f"names-{key}"
    try:
        data = _arrange(settings, *cache.tensors(key, lambda: _encoded(settings, found, key)))
    except _TooFewError as error:
        raise DataError(f"{settings.folder or folder}: {error}") from None
    return dataclasses.replace(data, notes=(*data.notes, *found.notes))


def _left_out(folder: Path) -> list[str]:
    """Return a remark on the files of names that are no language's of this task."""
    others = sorted(path.name for path in folder.glob("*.txt") if path.name not in Settings.files)
    if not others:
        return []
    shown = ", ".join(others[:8]) + (f" and {len(others) - 8} more" if len(others) > 8 else "")
    return [
        f"{shown} in {folder} {'is' if len(others) == 1 else 'are'} left out: the task has {len(LANGUAGES)} languages."
    ]


def load_cached(settings: Settings, key: str) -> NamesData:
    """Return the encoded names as an earlier run cached them.

    Raises:
        FileNotFoundError: they are no longer cached.
    """
    return _arrange(settings, *cache.tensors(key, None))


def _encoded(settings: Settings, found: ClassFiles, key: str) -> Encoding:
    rows, notes = _read(found.paths, own=bool(settings.folder))
    if settings.rows == "distinct":
        every, rows = len(rows), list(dict.fromkeys(rows))
        if every > len(rows):
            noun = "class" if settings.folder else "language"
            again = "line repeats" if every - len(rows) == 1 else "lines repeat"
            count = "counts" if every - len(rows) == 1 else "count"
            notes.append(
                f"{every - len(rows):,} {again} a name of the same {noun} and {count} once (task.rows=distinct)."
            )
    if settings.folder and (several := _several_classes(rows)):
        notes.append(f"Names that stand in several classes, all kept, in one split each: {several:,}.")
    names, labels = [name for name, _ in rows], [label for _, label in rows]
    codes = torch.zeros(len(rows), max(map(len, names)), dtype=torch.uint8)
    for row, name in enumerate(names):
        codes[row, : len(name)] = torch.tensor(encode(name), dtype=torch.uint8)
    kept = {
        "codes": codes,
        "labels": torch.tensor(labels),
        "lengths": torch.tensor([len(name) for name in names]),
        "split": torch.from_numpy(splits.stratified_groups(names, labels, settings.split_seed)),
    }
    counts = torch.bincount(kept["labels"]).tolist()
    few = [f"{label} ({count})" for label, count in zip(found.labels, counts, strict=True) if count < 3]
    if few and settings.folder and settings.evaluation == "held-out":
        notes.append(
            f"{', '.join(few)}: too few names to hold any back for validation and test, so all of them train. Give "
            "three or more."
        )
    return kept, {"notes": notes, "cache": key, "labels": found.labels}


def _read(paths: list[Path], *, own: bool) -> tuple[list[tuple[str, int]], list[str]]:
    """Return (folded name, class's number) of each line that is not blank, and remarks on the rest.

    Args:
        own: the files are the user's.
    """
    rows: list[tuple[str, int]] = []
    lost: Counter[str] = Counter()
    empty = 0
    for label, path in enumerate(paths):
        lines = (_own_text(path) if own else reading.text(path)).splitlines()
        for number, line in enumerate(lines, 1):
            if len(line.strip()) > _LONGEST:
                raise DataError(
                    f"{path}, line {number} has {len(line.strip()):,} characters, and a name at most {_LONGEST}: "
                    "write each name on a line of its own."
                )
        folded = [fold(line) for line in lines if line.strip()]
        for name, dropped in folded:
            lost.update(dropped)
            if name:
                rows.append((name, label))
            else:
                empty += 1
        if not any(name for name, _ in folded):
            raise DataError(_no_name(path, len(folded)) if own else f"{path} holds no name: fetch it again.")
    notes = []
    if lost:
        shown = " ".join(f"{c!r}×{n}" for c, n in lost.most_common(8))
        have = "character has" if lost.total() == 1 else "characters have"
        dropped = "was" if lost.total() == 1 else "were"
        notes.append(f"{lost.total():,} {have} no ASCII letter and {dropped} dropped from names: {shown}.")
    if empty:
        held = (
            "line holds no ASCII letter at all and was" if empty == 1 else "lines hold no ASCII letter at all and were"
        )
        notes.append(f"{empty:,} {held} skipped.")
    return rows, notes


def _own_text(path: Path) -> str:
    """Return a user's file as text: UTF-8, with or without its mark."""
    content = reading.content(path)
    line = encodings.fault([content], "utf-8")
    if line is None and b"\0" in content:  # UTF-16 without a mark
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
    if line is not None:
        raise DataError(f"{path}, line {line}: not UTF-8 text, as which names are read: save the file as UTF-8.")
    return content.decode("utf-8-sig")


def _several_classes(rows: list[tuple[str, int]]) -> int:
    """Return the number of names that stand in more than one class."""
    return sum(count > 1 for count in Counter(name for name, _ in set(rows)).values())


def _no_name(path: Path, lines: int) -> str:
    """Say why a user's file holds no name, and what to do."""
    if not lines:
        return f"{path} holds blank lines alone: write a name a line, or take the file out of the folder."
    return (
        f"{path}: none of its {lines:,} names has a letter of the Latin alphabet, which are all that this task reads: "
        "write them in Latin letters, or take the file out of the folder."
    )


def _arrange(settings: Settings, kept: dict[str, Tensor], meta: Meta) -> NamesData:
    labels, names = kept["labels"], list(meta.get("labels", LANGUAGES))  # older copies hold the languages
    if settings.evaluation == "pool":
        rows: dict[Split, Tensor] = {"train": torch.arange(len(labels))}
        for seed, split in enumerate(("val", "test")):
            generator = torch.Generator().manual_seed(settings.split_seed + seed)
            rows["val" if split == "val" else "test"] = uniform_over_classes(labels, _POOL_DRAWS, generator)
    else:
        rows = splits.rows(kept["split"])
    for split in EVAL_SPLITS:
        if not len(rows[split]):
            raise _TooFewError

    counts = torch.bincount(labels[rows["train"]], minlength=len(names))
    state = {"labels": names, "train_counts": counts.tolist(), "cache": meta["cache"]}
    data = NamesData(kept["codes"], labels, kept["lengths"], rows, state, tuple(meta["notes"]))
    if settings.letter_ngrams >= ngram_embedding.SHORTEST:
        state["letter_ngrams"] = len(data.letter_ngrams(settings.letter_ngrams))
    return data
