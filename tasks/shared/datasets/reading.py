"""Files of a dataset, read whole, with a plain sentence where they are not what they should be."""

from __future__ import annotations

import re
from pathlib import Path

from tasks.base import DataError
from tasks.shared.datasets import archives, bounded


def find(folder: Path, *patterns: str) -> list[Path]:
    """The files or folders of the first pattern that matches any, in natural order (2 before 10).

    Raises:
        DataError: none of them is there.
    """
    for pattern in patterns:
        if found := sorted(folder.glob(pattern), key=_natural):
            return found
    raise DataError(f"{folder} holds no {' or '.join(patterns)}: put the data there, or name another --data.")


def content(path: Path) -> bytes:
    """All bytes of a file.

    Raises:
        DataError: it is missing, empty, a web page, too large for the memory at hand, or cannot be read.
    """
    try:
        read = bounded.whole(path)
    except OSError as error:
        raise archives.unreadable(path, error) from None
    archives.refuse_page(path, read[:512])
    return read


def text(path: Path, *encodings: str) -> str:
    """A file as text, in the first of ``encodings`` that fits it (by default UTF-8, with or without its mark).

    Raises:
        DataError: it is missing, empty, or in none of them.
    """
    return decode(content(path), path, *encodings)


def decode(read: bytes, path: Path | str, *encodings: str) -> str:
    """Bytes of ``path`` as text; see ``text``.

    Raises:
        DataError: they are in none of the encodings.
    """
    where, end = 0, ""
    for encoding in encodings or ("utf-8-sig",):
        try:
            return read.decode(encoding)
        except UnicodeDecodeError as error:
            where = error.start
            end = ", its end, and may be truncated" if error.end == len(read) else ""
    names = " or ".join(name.removesuffix("-sig").upper() for name in encodings or ("utf-8",))
    raise DataError(f"{path} is not {names} text at byte {where}{end}: fetch it again, or convert it.")


def table(path: Path) -> bytes:
    """All bytes of a CSV file, gzipped or not, or of the first one in a zip archive, whatever the name ends in.

    Raises:
        DataError: it is missing, empty, a web page or an Excel workbook, damaged, or cannot be read.
    """
    read = content(path)
    if archives.is_gzip(read):
        return archives.unzipped(path, read)
    if not archives.is_zip(read) and path.suffix != ".zip":
        return read
    del read
    archives.refuse_workbook(path)
    return zipped(path, ".csv")


def zipped(path: Path, ending: str) -> bytes:
    """The first member of a zip archive whose name has an ending. Nothing is written anywhere.

    Raises:
        DataError: the archive is missing, truncated, damaged, or has no such member.
    """
    wanted = re.compile(f".*{re.escape(ending)}", re.DOTALL)
    for _, read in archives.members(path, wanted):
        return read
    raise DataError(f"{path} holds no {ending} file: fetch it again.")


def _natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    parts = re.split(r"(\d+)", path.name)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts], path.name
