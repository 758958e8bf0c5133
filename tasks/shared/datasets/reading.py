"""Files of a dataset, read whole, with a plain sentence where they are not what they should be."""

from __future__ import annotations

import re
from pathlib import Path

from tasks.base import DataError
from tasks.shared.datasets import archives


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
        DataError: it is missing, empty, or cannot be read.
    """
    try:
        read = path.read_bytes()
    except OSError as error:
        raise archives.unreadable(path, error) from None
    if not read:
        raise DataError(f"{path} is empty: fetch it again.")
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
    where = 0
    for encoding in encodings or ("utf-8-sig",):
        try:
            return read.decode(encoding)
        except UnicodeDecodeError as error:
            where = error.start
    names = " or ".join(name.removesuffix("-sig").upper() for name in encodings or ("utf-8",))
    raise DataError(f"{path} is not {names} text at byte {where}: fetch it again, or convert it.")


def zipped(path: Path, ending: str) -> bytes:
    """The first member of a zip archive whose name has an ending. Nothing is written anywhere.

    Raises:
        DataError: the archive is missing, truncated, damaged, or has no such member.
    """
    wanted = re.compile(f".*{re.escape(ending)}", re.DOTALL)
    for _, read in archives.zipped(path, wanted):
        return read
    raise DataError(f"{path} holds no {ending} file: fetch it again.")


def _natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    parts = re.split(r"(\d+)", path.name)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts], path.name
