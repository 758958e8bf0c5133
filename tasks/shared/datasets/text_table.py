"""Table of texts of any form, read row by row: CSV, TSV or JSON lines, as it is, gzipped or zipped. No torch.

Shapes: W columns.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec

from tasks.base import DataError
from tasks.shared.datasets import delimited, encodings, streams
from tasks.shared.datasets.delimited import SEPARATORS, Form

Header = Literal["auto", "yes", "no"]
_SAMPLE = 1 << 18  # characters that tell separator and head
_ROWS = 1000  # that tell a JSON table's columns
LONGEST_CELL = 1 << 26  # characters; more are a quote that never closes
_MARK = "\ufeff"  # stands at the beginning of each file that others were joined to
_LISTED = 20  # columns that a message lists


class TextTable:
    """A file's columns, and its rows as often as they are asked for.

    Args:
        encoding: of the text; empty: found.
        separator: of the cells; empty: found.
        usual: names of columns, in lower case, by which a head is known.

    Raises:
        DataError: the file cannot be read as a table; file, line and the setting that cures it.
    """

    def __init__(
        self,
        path: Path,
        *,
        encoding: str = "",
        separator: str = "",
        header: Header = "auto",
        usual: frozenset[str] = frozenset(),
    ) -> None:
        self.path = path
        self.encoding = encoding or encodings.detect(path, lambda: streams.chunks(path))
        self.form: Form | None = None  # none: JSON lines
        self.named = True  # the columns have names
        self.heads = 0  # lines below the first that repeat the columns' names, in what was read of the rows last
        with self._text() as text:
            sample = text.read(_SAMPLE)
            whole = not text.read(1)
        if not sample.strip():
            raise DataError(f"{path} holds blank lines alone: give a table with texts and their labels.")
        start = sample.lstrip()[0]
        if start == "[" and not separator:
            raise DataError(f"{path} is a JSON list, or no table: write one JSON object a line (JSON lines), or a CSV.")
        if start == "{" and not separator:
            self.columns = self._keys()
        else:
            with delimited.long_cells(_SAMPLE):
                self.form, self.columns = self._heads(sample, whole, separator, header, usual)

    def rows(self, places: Sequence[int] = ()) -> Iterator[tuple[int, list[str]]]:
        """Yield each row's first line, from 1, and its cells.

        Args:
            places: of the columns that are wanted; none: all.

        Raises:
            DataError: a row that is not what it should be, with its line.
        """
        places = places or range(len(self.columns))
        return self._objects(places) if self.form is None else self._delimited(self.form, places)

    @property
    def listed(self) -> str:
        """The columns, as a message names them."""
        more = f" and {len(self.columns) - _LISTED} more" if len(self.columns) > _LISTED else ""
        return ", ".join(column[:40] for column in self.columns[:_LISTED]) + more

    @contextmanager
    def _text(self) -> Iterator[io.TextIOWrapper]:
        try:
            with streams.unpacked(self.path) as stream:
                yield io.TextIOWrapper(stream, self.encoding, newline="")
        except UnicodeError:
            raise encodings.wrong(self.path, lambda: streams.chunks(self.path), self.encoding) from None

    def _heads(
        self, sample: str, whole: bool, separator: str, header: Header, usual: frozenset[str]
    ) -> tuple[Form, list[str]]:
        separators = tuple(separator) or tuple(SEPARATORS)
        form = delimited.find_form(sample, whole=whole, separators=separators)
        if form is None:
            first = sample.lstrip().splitlines()[0]
            between = SEPARATORS[separator] if separator else "commas, tabs, semicolons or bars"
            raise DataError(
                f"{self.path}, line 1: one column alone ({first[:60]!r}): a text and its label are expected, with "
                f"{between} between them; set task.delimiter if another is meant."
            )
        rows = []
        try:
            rows = [
                row for row in itertools.islice(delimited.reader(io.StringIO(sample, newline=""), form), 200) if row
            ]
        except csv.Error:  # told with its line when the rows are read
            rows = [next(delimited.reader(io.StringIO(sample, newline=""), form, strict=False))]
        for row in rows:
            row[0] = row[0].removeprefix(_MARK)
        self.named = header == "yes" or (header == "auto" and delimited.has_head(rows[:200], usual))
        if not self.named:
            return form, [str(number) for number in range(1, len(rows[0]) + 1)]
        columns = [cell.strip() for cell in rows[0]]
        while len(columns) > 1 and not columns[-1] and all(len(row) < len(columns) or not row[-1] for row in rows):
            columns.pop()  # a separator at the end of each line
        return form, [column or str(number) for number, column in enumerate(columns, 1)]

    def _delimited(self, form: Form, places: Sequence[int]) -> Iterator[tuple[int, list[str]]]:
        width, end, named = len(self.columns), 0, self.named
        head: list[str] | None = None
        self.heads = 0
        with delimited.long_cells(LONGEST_CELL), self._text() as text:
            lines = delimited.reader(text, form)
            try:
                for row in lines:
                    line, end = end + 1, lines.line_num
                    if not row:
                        continue
                    row[0] = row[0].removeprefix(_MARK)
                    if named:
                        named, head = False, row
                        continue
                    if row == head:
                        self.heads += 1
                        continue
                    if len(row) != width and (len(row) < width or any(map(str.strip, row[width:]))):
                        raise self._wrong_width(line, row)
                    yield line, [row[place] for place in places]
            except csv.Error as error:
                raise self._wrong_quotes(end + 1, error) from None

    def _wrong_width(self, line: int, row: Sequence[str]) -> DataError:
        assert self.form is not None
        between = SEPARATORS[self.form.separator]
        return DataError(
            f"{self.path}, line {line}: {len(row)} cell{'s' * (len(row) != 1)}, where the table has "
            f"{len(self.columns)} columns ({between} between them): put a text with {between} or line breaks in double "
            "quotes, or name the separator with task.delimiter."
        )

    def _wrong_quotes(self, line: int, error: csv.Error) -> DataError:
        what = str(error)
        if "end of data" in what or "field larger" in what:
            what = "a double quote that opens a cell here is never closed"
            if "field larger" in str(error):
                what += f" (a cell has more than {LONGEST_CELL:,} characters)"
            cure = "close it"
        else:
            what, cure = "a double quote within a quoted cell", "write it twice"
        return DataError(
            f"{self.path}, line {line}: {what}: {cure}, or set task.delimiter=tab where the cells are parted by tabs."
        )

    def _keys(self) -> list[str]:
        """The names that the first objects have."""
        keys: dict[str, None] = {}
        for _, fields in itertools.islice(self._decoded(), _ROWS):
            keys |= dict.fromkeys(fields)
        if not keys:
            raise DataError(f"{self.path}, line 1: an object without a field: a text and its label are expected.")
        return list(keys)

    def _objects(self, places: Sequence[int]) -> Iterator[tuple[int, list[str]]]:
        names = [self.columns[place] for place in places]
        for line, fields in self._decoded():
            yield line, [self._cell(line, name, fields.get(name)) for name in names]

    def _decoded(self) -> Iterator[tuple[int, dict[str, Any]]]:
        decoder = msgspec.json.Decoder(dict[str, Any])
        with self._text() as text:
            for line, written in enumerate(text, 1):
                if not written.strip():
                    continue
                try:
                    fields = decoder.decode(written.strip())
                except msgspec.ValidationError:
                    raise DataError(
                        f"{self.path}, line {line}: {written[:40].strip()!r} is no JSON object: one a line is "
                        'expected, such as {"text": "…", "label": "…"}.'
                    ) from None
                except (msgspec.MsgspecError, RecursionError):
                    raise DataError(
                        f"{self.path}, line {line}: {written[:40].strip()!r} is not JSON: one whole object a line is "
                        "expected; for a CSV that begins with a brace set task.delimiter."
                    ) from None
                yield line, fields

    def _cell(self, line: int, name: str, value: object) -> str:
        if isinstance(value, str):
            return value
        if value is None:
            return ""
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, dict | list):
            kind = "list" if isinstance(value, list) else "object"
            raise DataError(
                f"{self.path}, line {line}: {name!r} holds a JSON {kind}, where a text or a label is expected: name "
                "other columns with task.text and task.label."
            )
        return str(value)
