"""Columns of a table that hold texts, classes and splits: named, known by usual names, or told by their content."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from tasks.base import DataError
from tasks.shared.datasets import splits
from tasks.shared.datasets.text_table import TextTable
from tasks.text.settings import NO_SPLIT, Settings

# by rank: of two the first is taken
_TEXTS = (
    *("text", "texts", "review", "review_text", "review_body", "sentence", "content", "comment", "comment_text"),
    *("message", "body", "tweet", "post", "utterance", "question", "document", "description", "headline", "title"),
    *("文本", "内容", "评论", "评价", "句子", "正文", "文章", "标题"),
)
_LABELS = (
    *("label", "labels", "class", "category", "cat", "sentiment", "target", "tag", "topic", "intent", "emotion"),
    *("polarity", "rating", "stars", "score", "标签", "类别", "分类", "类", "情感"),
)
_SPLITS = ("split", "set", "partition", "subset", "划分")
USUAL = frozenset((*_TEXTS, *_LABELS, *_SPLITS))
WORDS = {
    **dict.fromkeys(("train", "training", "tr", "训练", "训练集"), splits.TRAIN),
    **dict.fromkeys(("val", "valid", "validation", "dev", "development", "验证", "验证集"), splits.VAL),
    **dict.fromkeys(("test", "testing", "eval", "evaluation", "测试", "测试集"), splits.TEST),
}
_FEW = 0.5  # of the rows: more distinct values are no classes
_LONG = 60  # characters: a class's name is shorter


class Columns(NamedTuple):
    """Places of the columns in a table, and sentences on those that nobody named."""

    text: int
    label: int
    split: int  # -1: there is none
    guessed: list[str]


def find(table: TextTable, sample: Sequence[Sequence[str]], settings: Settings) -> Columns:
    """Return the columns that are named, else those that are found.

    Args:
        sample: the first rows, all of their cells.

    Raises:
        DataError: one is not there, or cannot be told; the columns are listed.
    """
    guessed: list[str] = []
    text = _named(table, settings.text, "text") if settings.text else -1
    label = _named(table, settings.label, "label") if settings.label else -1
    split = _split(table, sample, settings, {text, label})
    if text < 0:
        text = _usual(table, _TEXTS, {label, split})
        how = "by its name"
        if text < 0:
            text, how = _longest(table, sample, {label, split}), "its cells are the longest"
        how += _among(table, text)
        guessed.append(f"The texts are taken from the column {table.columns[text]!r} ({how}): task.text names another.")
    if label < 0:
        label = _usual(table, _LABELS, {text, split})
        how = "by its name"
        if label < 0:
            label, how = _few(table, sample, {text, split}), "its values are few"
        how += _among(table, label)
        guessed.append(
            f"The classes are taken from the column {table.columns[label]!r} ({how}): task.label names another."
        )
    if text == label:
        raise DataError(
            f"{table.path}: the column {table.columns[text]!r} is named for texts and classes both: {_names(table)}"
        )
    if split >= 0 and not settings.split:
        guessed.append(
            f"The split is taken from the column {table.columns[split]!r}: task.split=none leaves it unread."
        )
    return Columns(text, label, split, guessed)


def _names(table: TextTable) -> str:
    return f"set task.text and task.label to two of its columns: {table.listed}."


def _among(table: TextTable, at: int) -> str:
    """Say which of several columns of one name is meant; empty: the name is its own."""
    count = table.columns.count(table.columns[at])
    return f"; {count} are called so, this one is column {at + 1}" if count > 1 else ""


def _named(table: TextTable, name: str, setting: str) -> int:
    folded = [column.lower() for column in table.columns]
    for names, sought in ((table.columns, name.strip()), (folded, name.strip().lower())):
        if list(names).count(sought) > 1:
            places = " or ".join(str(at) for at, column in enumerate(names, 1) if column == sought)
            raise DataError(
                f"{table.path}: {list(names).count(sought)} columns are called {name!r}: set task.{setting} to "
                f"the number of one, {places}."
            )
        if sought in names:
            return names.index(sought)
    if name.strip().isdecimal() and 1 <= int(name) <= len(table.columns):
        return int(name) - 1
    raise DataError(
        f"{table.path}: there is no column {name!r}: set task.{setting} to one of its columns: {table.listed}."
    )


def _split(table: TextTable, sample: Sequence[Sequence[str]], settings: Settings, taken: set[int]) -> int:
    if settings.split == NO_SPLIT:
        return -1
    if settings.split:
        return _named(table, settings.split, "split")
    place = _usual(table, _SPLITS, taken)
    values = {row[place].strip().lower() for row in sample} if place >= 0 else set()
    return place if values and values <= WORDS.keys() else -1


def _usual(table: TextTable, names: Sequence[str], taken: set[int]) -> int:
    """The column with the first of the usual names; -1: there is none."""
    folded = [column.strip().lower().replace(" ", "_").replace("-", "_") for column in table.columns]
    return next((at for name in names for at, column in enumerate(folded) if column == name and at not in taken), -1)


def _longest(table: TextTable, sample: Sequence[Sequence[str]], taken: set[int]) -> int:
    means = {at: fmean(len(row[at]) for row in sample) for at in range(len(table.columns)) if at not in taken}
    if not means:
        raise DataError(f"{table.path} has no column left for the texts: {_names(table)}")
    return max(means, key=lambda at: means[at])


def _few(table: TextTable, sample: Sequence[Sequence[str]], taken: set[int]) -> int:
    """The column of the fewest distinct values, two at least."""
    found = {}
    for at in range(len(table.columns)):
        values = [row[at].strip() for row in sample]
        distinct = {value for value in values if value}
        short = max(map(len, distinct), default=0) <= _LONG
        if at not in taken and 2 <= len(distinct) <= max(2, _FEW * len(values)) and short:
            found[at] = len(distinct)
    if not found:
        raise DataError(
            f"{table.path}: no column of classes is found, none of them has few, short values: name it with "
            f"task.label; its columns are: {table.listed}."
        )
    return min(found, key=lambda at: found[at])
