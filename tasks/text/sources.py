"""Sources of labelled texts: a table, or a folder. Each is read row by row, as often as it is asked for. No torch."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from tasks.base import DataError
from tasks.shared.datasets import encodings, streams
from tasks.shared.datasets.folders import entries
from tasks.shared.datasets.text_table import TextTable
from tasks.text import columns
from tasks.text.settings import SEPARATORS, STARTER, Settings

_SAMPLE = 1000  # rows that tell the columns
_SPLIT_NAMES = {word: number for word, number in columns.WORDS.items() if word.isascii()}
_UNLABELLED = "unsup"  # aclImdb's folder of reviews without a class
_SHOWN = 5  # names that a note lists


# text, class, and split (-1: not given), as they stand in the data; a plain tuple: there may be millions
Row = tuple[str, str, int]


class Source(Protocol):
    """Labelled texts of one file or folder."""

    path: Path
    has_split: bool
    text: str  # the column of the texts; empty: there are no columns
    label: str  # how the classes are named, for messages: the column's name
    cure: str  # sentence's end that says what setting names other classes
    split_cure: str  # the same of the split
    guessed: list[str]
    notes: list[str]

    def rows(self) -> Iterator[Row]:
        """Yield every row.

        Raises:
            DataError: a row that cannot be read, with file and line.
        """
        ...


def open_source(settings: Settings, folder: Path) -> Source:
    """Return the source that the settings name, else the table in ``folder``.

    Raises:
        DataError: it is not there, or is no table or folder of texts.
    """
    if settings.folder:
        return Folder(settings)
    path = Path(settings.file) if settings.file else folder / STARTER
    if path.is_dir():
        raise DataError(f"{path} is a folder: name it with task.folder in place of task.file.")
    if not path.exists():
        raise DataError(f"There is no file {path}: name one with task.file.")
    return Table(path, settings)


class Table:
    """Source of a CSV, a TSV or JSON lines."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self._table = TextTable(
            path,
            encoding=settings.encoding,
            separator=SEPARATORS[settings.delimiter],
            header=settings.header,
            usual=columns.USUAL,
        )
        sample = [cells for _, cells in itertools.islice(self._table.rows(), _SAMPLE)]
        if not sample:
            raise DataError(
                f"{path} has a line of column names and no row below: a text and its class a row are expected."
            )
        self._columns = columns.find(self._table, sample, settings)
        names = self._table.columns
        self.has_split = self._columns.split >= 0
        self.text, self.label = names[self._columns.text], names[self._columns.label]
        self.cure = f"name the column of the classes with task.label; the columns are: {self._table.listed}"
        self.split_cure = "task.split=none splits the texts anew"
        self.guessed = [*_form(self._table, settings), *self._columns.guessed]
        self.notes = streams.left_out(path)

    def rows(self) -> Iterator[Row]:
        at, of, split, _ = self._columns
        if split < 0:
            for _, (text, label) in self._table.rows((at, of)):
                yield text, label, -1
        else:
            for line, (text, label, cell) in self._table.rows((at, of, split)):
                yield text, label, self._split_of(line, cell)
        note = f"Lines that repeat the columns' names, left out: {self._table.heads:,}."
        if self._table.heads and note not in self.notes:
            self.notes.append(note)

    def _split_of(self, line: int, cell: str) -> int:
        found = columns.WORDS.get(cell.strip().lower())
        if found is None:
            name = self._table.columns[self._columns.split]
            raise DataError(
                f"{self.path}, line {line}: {cell[:40]!r} in the column {name!r} is no split: train, "
                "val or test are expected; task.split names another column, task.split=none none."
            )
        return found


def _form(table: TextTable, settings: Settings) -> list[str]:
    """A sentence each on what was found of a table's form."""
    found = []
    if not settings.encoding and table.encoding not in ("utf-8", "utf-8-sig"):
        found.append(f"{table.path.name} is read as {encodings.title(table.encoding)}: task.encoding names another.")
    elif not settings.encoding:
        found.append(f"{table.path.name} is in {encodings.title(table.encoding)} (task.encoding).")
    if table.form is None:
        found.append(f"{table.path.name} holds JSON lines.")
    elif settings.delimiter == "auto":
        found.append(f"{table.path.name} has {table.form.title} (task.delimiter).")
    if not table.named and settings.header == "auto":
        found.append(
            f"The first line of {table.path.name} is taken for a row: its columns are named by number, and "
            "task.header=yes takes it for their names."
        )
    return found


class _Member(NamedTuple):
    """A file of a folder, its class and split."""

    path: Path
    label: str
    split: int
    a_text_a_line: bool


class Folder:
    """Source of a folder: a file a class with a text a line, or a folder a class with a text a file.

    Either may stand in folders named train, val and test.
    """

    def __init__(self, settings: Settings) -> None:
        self.path = Path(settings.folder)
        if not self.path.exists():
            raise DataError(f"There is no folder {self.path}: name one with task.folder.")
        if not self.path.is_dir():
            raise DataError(f"{self.path} is a file: name it with task.file in place of task.folder.")
        self._encoding = settings.encoding
        self._left: list[str] = []  # files and folders that are not read
        self._members = self._find()
        self.has_split = any(member.split >= 0 for member in self._members)
        self.label = "the files' names" if self._members[0].a_text_a_line else "the folders' names"
        self.text = ""
        self.cure = "put a file or a folder there for each class"
        self.split_cure = "put a folder train there, or name the one that holds the texts with task.folder"
        what = "a text a line, the file's name is its class" if self._members[0].a_text_a_line else "a text a file"
        self.guessed = [f"{len(self._members):,} files are read: {what}."]
        self.notes = self._left_out()
        self._told: Counter[str] = Counter()

    def rows(self) -> Iterator[Row]:
        self._told.clear()
        blank: list[str] = []  # files without a text, whose class is thus left out
        for path, label, split, by_line in self._members:
            content = self._text(path)
            if not by_line:
                yield content, label, split
                continue
            lines = content.splitlines()
            if not any(map(str.strip, lines)):
                blank.append(path.name)
            for text in lines:
                yield text, label, split
        other = [f"{count:,} as {encodings.title(name)}" for name, count in self._told.items() if name[:5] != "utf-8"]
        note = f"Of {len(self._members):,} files, {' and '.join(other)} were read: task.encoding names another."
        if other and note not in self.guessed:
            self.guessed.append(note)
        note = f"Files without a text, left out: {_listed(blank)}."
        if blank and note not in self.notes:
            self.notes.append(note)

    def _text(self, path: Path) -> str:
        try:
            content = b"".join(streams.chunks(path))
        except DataError:
            if not path.stat().st_size:
                return ""
            raise
        text, name = encodings.decode(content, path, self._encoding)
        self._told[name] += 1
        return text

    def _find(self) -> list[_Member]:
        files, inner = self._listed(self.path)
        parts = {path: _SPLIT_NAMES.get(path.name.lower(), -1) for path in inner}
        if parts and all(split >= 0 for split in parts.values()):
            self._left += [path.name for path in files]
            found = [member for path, split in parts.items() for member in self._classes(path, split)]
        else:
            self._left.clear()  # they are listed again
            found = self._classes(self.path, -1)
        if not found:
            raise DataError(
                f"{self.path} holds no texts: a .txt file for each class with a text a line, or a folder for each "
                f"class with a .txt file for each text, is expected (task.folder).{' '.join(['', *self._left_out()])}"
            )
        return found

    def _classes(self, folder: Path, split: int) -> list[_Member]:
        files, inner = self._listed(folder)
        texts = {path: self._texts(path) for path in inner if path.name != _UNLABELLED}
        self._left += [f"{path.name}/ (texts without a class)" for path in inner if path not in texts]
        if any(texts.values()):
            self._left += [path.name for path in files]
            return [_Member(path, of.name, split, False) for of, paths in texts.items() for path in paths]
        return [_Member(path, path.stem, split, True) for path in self._of_texts(files)]

    def _texts(self, folder: Path) -> list[Path]:
        files, inner = self._listed(folder)
        self._left += [f"{folder.name}/{path.name}/" for path in inner]
        return self._of_texts(files)

    def _of_texts(self, files: Sequence[Path]) -> list[Path]:
        """The .txt files, if there are any; else those without an ending."""
        for ending in (".txt", ""):
            if found := [path for path in files if path.suffix.lower() == ending]:
                self._left += [path.name for path in files if path.suffix.lower() != ending]
                return found
        self._left += [path.name for path in files]
        return []

    def _listed(self, folder: Path) -> tuple[list[Path], list[Path]]:
        """The files and the folders of a folder; what is neither is left out."""
        files, inner, others = (
            [path for path in paths if not path.name.startswith((".", "__MACOSX"))] for paths in entries(folder)
        )
        self._left += [f"{path.name} (no file)" for path in others]
        return files, inner

    def _left_out(self) -> list[str]:
        if not self._left:
            return []
        return [f"Left out of {self.path.name}, as no texts of a class (.txt files are): {_listed(self._left)}."]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
