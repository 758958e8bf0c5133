"""A text file as one text: unpacked, decoded, its line ends made alike. No torch."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from tasks.base import DataError
from tasks.chars.settings import Settings
from tasks.shared.datasets import archives, bounded, encodings, reading

_TEXTS = re.compile(r".*\.txt", re.DOTALL | re.IGNORECASE)


class PlainText(NamedTuple):
    """A file's text."""

    text: str  # its lines end in \n
    encoding: str
    line_ends: int  # those that were made \n
    left_out: list[str]  # a sentence on an archive's other files


def find(settings: Settings, folder: Path) -> Path:
    """Return the user's file, else the one in the data's folder.

    Raises:
        DataError: the folder holds none.
    """
    if settings.file:
        return Path(settings.file)
    return reading.find(folder, *settings.files[0].split("|"))[0]


def read(path: Path, encoding: str = "") -> PlainText:
    """Read a text file, gzipped or in a zip archive or not.

    Args:
        encoding: the file's; empty: found from its bytes.

    Raises:
        DataError: it is missing, empty, too large, damaged, or no text in this encoding.
    """
    left_out: list[str] = []
    try:
        content = bounded.whole(path)
    except IsADirectoryError:
        raise DataError(f"{path} is a folder: name a text file with --set task.file=FILE.") from None
    except OSError as error:
        raise archives.unreadable(path, error) from None
    if archives.is_gzip(content):
        content = archives.unzipped(path, content)
    elif archives.is_zip(content):
        left_out = archives.passed_over(path, _TEXTS)
        content = _first(path)
    if not content.strip():
        raise DataError(f"{path} is empty: name a file that holds a text with --set task.file=FILE.")
    text, found = encodings.decode(content, path, encoding)
    del content
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(
            f"{path} line {line:,} holds a zero byte, as no text does: name a text file with --set task.file=FILE, or "
            "its encoding with --set task.encoding=utf-16-le."
        )
    pairs = text.count("\r\n")
    line_ends = text.count("\r")  # each pair has one
    if pairs:
        text = text.replace("\r\n", "\n")
    if line_ends > pairs:
        text = text.replace("\r", "\n")
    return PlainText(text, encodings.title(found), line_ends, left_out)


def _first(path: Path) -> bytes:
    for _, read in archives.members(path, _TEXTS):
        return read
    raise DataError(f"{path} holds no .txt file: unpack it, and name a text file with --set task.file=FILE.")
