"""First reading of labelled texts: which rows are kept, their classes, their split, and what is to be told. No torch.

Shapes: N texts kept, C classes.
"""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tasks.base import DataError
from tasks.shared.datasets import splits
from tasks.text import class_names
from tasks.text.settings import Settings
from tasks.text.sources import Row, Source
from tasks.text.units import Scripts, Unit

LONGEST = 100_000  # characters of a text that are kept
_MOST_CLASSES = 1000
_LONGEST_CLASS = 1000  # characters of a class's name
_MANY = 20  # classes; more of them than a quarter of the texts are free texts
_TENTH, _MOST_HELD_OUT = 0.1, 20_000
_SMALL = 2_000  # training texts
_SAMPLED = 20_000  # first texts that tell the script; of the others each _EVERY-th
_EVERY = 64
_SHOWN = 5  # rows that are shown first


@dataclasses.dataclass
class Survey:
    """Classes, split and remarks: the result of the first reading."""

    classes: list[str]  # C
    labels: NDArray[np.int32]  # (N,)
    split: NDArray[np.int8]  # (N,) 0 train, 1 val, 2 test
    lengths: NDArray[np.int32]  # (N,) characters
    unit: Unit
    first: list[Row]  # the first few
    guessed: list[str]
    dropped: list[str]
    notes: list[str]

    @property
    def counts(self) -> dict[str, int]:
        """Texts of each class, the largest first."""
        counts = np.bincount(self.labels, minlength=len(self.classes)).tolist()
        return dict(sorted(zip(self.classes, counts, strict=True), key=lambda one: -one[1]))


def kept(source: Source) -> Iterator[Row]:
    """Yield the rows that have a text and a class, without blanks around them."""
    for text, label, split in source.rows():
        text, label = text.strip(), label.strip()
        if label and any(map(str.isalnum, text)):
            yield text[:LONGEST], label, split


def survey(source: Source, settings: Settings, most: int = 0) -> Survey:
    """Read every row of a source once.

    Args:
        most: rows after which the reading ends, once two classes are found; 0: it reads all.

    Raises:
        DataError: it has no text, no class, one class, or more classes than classes can be; or a row is wrong.
    """
    found = _Reading()
    found.read(source, most)
    if not found.labels:
        raise _nothing(found, source)
    names = class_names.ordered(found.numbers)
    if len(names) == 1:
        raise DataError(
            f"{source.path}: {_all(len(found.labels))} of one class, {names[0][:40]!r} ({source.label}): "
            f"two are expected: {source.cure}.{' '.join(['', *source.notes])}"
        )
    if len(names) > _MANY and len(names) > len(found.labels) / 4:
        raise _free_texts(source, len(names), len(found.labels))
    place = {name: number for number, name in enumerate(names)}
    renumber = np.array([place[name] for name in found.numbers], dtype=np.int32)
    labels = renumber[np.frombuffer(found.labels, dtype=np.int32)]
    groups = np.unique(np.frombuffer(found.groups, dtype=np.int64), return_inverse=True)[1]
    notes = list(source.notes)
    split, held_out = _split(found, groups, labels, settings, source)
    notes += held_out
    notes += class_names.alike(names)
    notes += _conflicts(groups, labels, len(names))
    unit, script = found.scripts.unit(settings.unit)
    return Survey(
        names,
        labels,
        split,
        np.frombuffer(found.lengths, dtype=np.int32),
        unit,
        found.first,
        [*source.guessed, *script],
        found.dropped(),
        found.remarks() + notes + _small_classes(labels, split, names) + _little(split),
    )


class _Reading:
    """Numbers kept of each row while all are read."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}  # classes in the order of their first row
        self.labels, self.groups, self.lengths = array("i"), array("q"), array("i")
        self.split = array("b")
        self.first: list[Row] = []
        self.classless = 0  # rows without a class, whatever their text is
        self.rows = self.empty = self.wordless = self.unlabelled = self.cut = 0
        self.ended_early = False
        self.scripts = Scripts()

    def read(self, source: Source, most: int) -> None:
        """Take in the rows; one pass of this loop a row is what millions of them cost."""
        numbers, labels, groups, lengths, splits_ = self.numbers, self.labels, self.groups, self.lengths, self.split
        for text, label, split in source.rows():
            if most and self.rows >= most and len(numbers) > 1:
                self.ended_early = True
                return
            self.rows += 1
            text, label = text.strip(), label.strip()
            if not text or not label or not any(map(str.isalnum, text)):
                self._leave_out(text, label)
                continue
            if len(text) > LONGEST:
                self.cut += 1
                text = text[:LONGEST]
            if label not in numbers and len(label) > _LONGEST_CLASS:
                raise _long_class(source, label)
            number = numbers.setdefault(label, len(numbers))
            if number >= _MOST_CLASSES:
                raise _free_texts(source, len(numbers), len(labels) + 1)
            count = len(labels)
            if count < _SHOWN:
                self.first.append((text, label, split))
            if count < _SAMPLED or not count % _EVERY:
                self.scripts.count(text[:1000])
            labels.append(number)
            groups.append(hash(" ".join(text.lower().split())))
            lengths.append(len(text))
            splits_.append(split)

    def _leave_out(self, text: str, label: str) -> None:
        self.classless += not label
        if not text:
            self.empty += 1
        elif not label:
            self.unlabelled += 1
        else:
            self.wordless += 1

    def remarks(self) -> list[str]:
        """A sentence where not all rows were read."""
        return [f"These are the first {self.rows:,} rows: there are more."] if self.ended_early else []

    def dropped(self) -> list[str]:
        """A sentence each on what is left out."""
        told = (
            (self.empty, "with an empty text"),
            (self.unlabelled, "without a class"),
            (self.wordless, "without a letter or digit"),
        )
        found = [f"Rows {what}, left out: {count:,} of {self.rows:,}." for count, what in told if count]
        if self.cut:
            found.append(f"Texts cut to their first {LONGEST:,} characters: {self.cut:,}.")
        return found


def _all(texts: int) -> str:
    return "its only text is" if texts == 1 else f"all {texts:,} texts are"


def _nothing(found: _Reading, source: Source) -> DataError:
    """Return the error of a source without a row that can be used."""
    if found.empty == found.rows:
        if not source.text:
            return DataError(f"{source.path}: every text is empty: put texts into its files, or name another folder.")
        return DataError(
            f"{source.path}: the column {source.text!r} is empty throughout ({found.rows:,} rows): name the column of "
            "the texts with task.text."
        )
    if found.classless == found.rows:
        return DataError(
            f"{source.path}: the column {source.label!r} is empty throughout ({found.rows:,} rows): {source.cure}."
        )
    if found.wordless == found.rows:
        cure = "name the column of the texts with task.text" if source.text else "put texts into its files"
        return DataError(
            f"{source.path}: none of its {found.rows:,} texts has a letter or a digit, which alone are read: {cure}."
        )
    return DataError(
        f"{source.path}: none of its {found.rows:,} rows has both a class and a text with a letter: {source.cure}."
    )


def _free_texts(source: Source, classes: int, texts: int) -> DataError:
    return DataError(
        f"{source.path}: {source.label!r} has {classes:,} different values in {texts:,} rows, as free texts or numbers "
        f"have and classes have not: {source.cure}."
    )


def _long_class(source: Source, label: str) -> DataError:
    return DataError(
        f"{source.path}: {source.label!r} holds a value of {len(label):,} characters, {label[:40]!r}…, as free texts "
        f"have and classes have not: {source.cure}."
    )


def _split(
    found: _Reading, groups: NDArray[np.int64], labels: NDArray[np.int32], settings: Settings, source: Source
) -> tuple[NDArray[np.int8], list[str]]:
    """The split of each row (N,), and what is to be told of it."""
    most = min(_TENTH, _MOST_HELD_OUT / len(labels))
    shares = settings.val_share or most, settings.test_share or most
    repeated = len(labels) - int(groups.max()) - 1
    notes = [f"Texts that repeat another, which share its split: {repeated:,}."] if repeated else []
    if not source.has_split:
        split = splits.stratified_groups(groups.tolist(), labels.tolist(), settings.split_seed, shares)
    else:
        split = np.frombuffer(found.split, dtype=np.int8).copy()
        there = {number: bool((split == number).any()) for number in (splits.TRAIN, splits.VAL, splits.TEST)}
        notes = []
        if not there[splits.TRAIN]:
            raise DataError(f"{source.path}: its split has no row of train: {source.split_cure}.")
        absent = (0.0 if there[splits.VAL] else shares[0], 0.0 if there[splits.TEST] else shares[1])
        if any(absent):
            train = np.flatnonzero(split == splits.TRAIN)
            split[train] = splits.stratified_groups(
                groups[train].tolist(), labels[train].tolist(), settings.split_seed, absent
            )
            names = [name for name, share in zip(("val", "test"), absent, strict=True) if share]
            held = [f"{int((split == 1 + (name == 'test')).sum()):,} for {name}" for name in names]
            notes.append(
                f"The data have no {' and no '.join(names)} split: of train are held back {' and '.join(held)}."
            )
        for number, name in ((splits.VAL, "val"), (splits.TEST, "test")):
            across = int((np.isin(groups, groups[split == splits.TRAIN]) & (split == number)).sum())
            if across:
                notes.append(f"{across:,} of the {int((split == number).sum()):,} {name} texts also stand in train.")
    if missing := [name for number, name in ((1, "val"), (2, "test")) if not (split == number).any()]:
        raise DataError(
            f"{source.path}: no text is left for {' and '.join(missing)}: one class at least needs three different "
            "texts; give more of them."
        )
    return split, notes


def _conflicts(groups: NDArray[np.int64], labels: NDArray[np.int32], classes: int) -> list[str]:
    """Say how many texts stand there under several classes."""
    several = np.bincount(groups) > 1
    rows = several[groups]
    pairs = np.unique(groups[rows] * classes + labels[rows])
    under = np.bincount(pairs // classes, minlength=1)
    if not (contrary := int((under > 1).sum())):
        return []
    count = int(np.isin(groups, np.flatnonzero(under > 1)).sum())
    return [f"Texts that stand there under several classes, all kept: {contrary:,} ({count:,} rows)."]


def _small_classes(labels: NDArray[np.int32], split: NDArray[np.int8], names: list[str]) -> list[str]:
    """Say which classes are in one split alone."""
    counts = {number: np.bincount(labels[split == number], minlength=len(names)) for number in range(3)}
    untested = [name for k, name in enumerate(names) if counts[0][k] and not counts[1][k] + counts[2][k]]
    unlearnt = [name for k, name in enumerate(names) if not counts[0][k]]
    told = (
        (untested, "Classes with too few texts to be tested, which train only"),
        (unlearnt, "Classes without a training text, which cannot be learnt"),
    )
    return [f"{what}: {class_names.listed(of)}." for of, what in told if of]


def _little(split: NDArray[np.int8]) -> list[str]:
    count = int((split == splits.TRAIN).sum())
    return (
        [f"{count:,} texts train, which are few: the preset small is made for so few (--preset small)."]
        if count < _SMALL
        else []
    )
