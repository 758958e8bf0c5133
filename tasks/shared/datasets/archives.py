"""The files inside an archive, read one by one in memory: nothing is ever extracted.

``aclImdb_v1.tar.gz`` holds 100,000 files: each is handed over as it streams by, and forgotten.
"""

from __future__ import annotations

import functools
import gzip
import io
import os
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, cast

from tasks.base import DataError
from tasks.shared.datasets.bounded import Allowance, Metered, opened, unpacked

_START = 512  # bytes that tell what a file is
_TAR_END = 1024  # bytes: two empty blocks
_SHOWN = 5  # files that a sentence lists
_ARCHIVES = {".zip", ".tar", ".gz", ".tgz"}


def members(path: Path, wanted: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    """(name, content) of each file in a tar, a gzipped tar, a zip or a folder whose name ``wanted`` matches in full.

    An archive's kind is told by its first bytes, whatever its name ends in. A name is the path below the folders that
    the archive was packed with (``train/pos/0_9.txt``). An archive's files come in its own order, a folder's sorted
    by name. Links, and names that lead out of the archive, are passed over.

    Raises:
        DataError: ``path`` is missing or cannot be read, or is no archive, or the archive is truncated or damaged,
            unpacks to more than the memory at hand allows, or holds nothing wanted but another archive; what is found
            out at its end only is raised after its last file.
    """
    return _plainly(path, _folder(path, wanted) if path.is_dir() else _archive(path, wanted))


def passed_over(path: Path, wanted: re.Pattern[str]) -> list[str]:
    """Return a sentence on the files of a zip archive that are wanted too, where its first one alone is read.

    Args:
        path: of any file; of what is no zip archive there is nothing to say.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [member.filename for member in archive.infolist() if _matched(member.filename, wanted)]
    except (OSError, zipfile.BadZipFile):
        return []
    if len(names) < 2:
        return []
    more = f" and {len(names) - 1 - _SHOWN:,} more" if len(names) - 1 > _SHOWN else ""
    others = ", ".join(names[1 : 1 + _SHOWN]) + more
    return [f"{path.name}: of its files {names[0]} alone is read, {others} left out: unpack it to name another."]


def unreadable(path: Path, error: OSError) -> DataError:
    """Why a file could not be read, as a sentence."""
    if isinstance(error, FileNotFoundError):
        return DataError(f"{path} is missing: put the data there, or name another --data.")
    if isinstance(error, IsADirectoryError):
        return DataError(f"{path} is a folder: put the file itself there.")
    return DataError(f"{path} cannot be read: {error.strerror or error}.")


def refuse_page(path: Path, start: bytes) -> None:
    """Raise where a file is empty, or a web page that was saved under its name.

    Args:
        start: the file's first bytes.

    Raises:
        DataError: it is.
    """
    if not start:
        raise DataError(f"{path} is empty: fetch it again.")
    if start.lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower().startswith((b"<!doctype html", b"<html")):
        raise DataError(f"{path} is a web page, saved in place of the data: fetch it again, and look at what comes.")


def refuse_workbook(path: Path) -> None:
    """Raise where a zip archive is an Excel workbook.

    Raises:
        DataError: it is.
        OSError: it cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if "xl/workbook.xml" in archive.namelist():
                raise DataError(f"{path} is an Excel workbook: save its sheet as CSV.")
    except zipfile.BadZipFile:
        return  # whoever unpacks it says so


def is_zip(start: bytes) -> bool:
    """Return whether a file that begins with these bytes is a zip archive."""
    return start.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def is_gzip(start: bytes) -> bool:
    """Return whether a file that begins with these bytes is gzipped."""
    return start.startswith(b"\x1f\x8b")


def unzipped(path: Path, content: bytes) -> bytes:
    """Return the bytes that a gzipped file holds.

    Args:
        content: the whole file's.

    Raises:
        DataError: they are truncated or damaged, too many for the memory at hand, or hold nothing or a web page.
    """
    try:
        with gzip.open(io.BytesIO(content)) as stream:
            read = unpacked(stream, Allowance(path, len(content)))
    except (OSError, EOFError, zlib.error):
        raise _damaged(path) from None
    refuse_page(path, read[:_START])
    return read


def _damaged(path: Path) -> DataError:
    return DataError(f"{path} is truncated or damaged, not a whole archive: fetch it again.")


def _plainly(path: Path, found: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Yield from ``found``, with its errors as one sentence."""
    try:
        yield from found
    except (MemoryError, DataError):
        raise
    except Exception as error:  # damaged bytes make the archives' libraries raise nearly anything
        if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
            raise unreadable(path, error) from None
        raise _damaged(path) from None


def _archive(path: Path, wanted: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    """The files of an archive; an error where there are none but those of an archive inside it."""
    with opened(path) as file:
        start = file.read(_START)
        allowance = Allowance(path, os.fstat(file.fileno()).st_size)
    refuse_page(path, start)
    inner = ""
    empty = True
    for name, read in _zip(path, allowance) if is_zip(start) else _tar(path, allowance, zipped=is_gzip(start)):
        if matched := _matched(name, wanted):
            empty = False
            yield matched, read()
        elif PurePosixPath(name).suffix in _ARCHIVES:
            inner = inner or PurePosixPath(name).name
    if empty and inner:
        raise DataError(f"{path} holds another archive, {inner}: unpack it, and put that one in its place.")


def _tar(path: Path, allowance: Allowance, *, zipped: bool) -> Iterator[tuple[str, Callable[[], bytes]]]:
    # tarfile's own gzip stream checks no sum and takes a torn end for the end: gzip is read here, to its last byte
    with gzip.open(path) if zipped else path.open("rb") as stream:
        metered = Metered(stream, allowance)
        with tarfile.open(fileobj=cast(IO[bytes], metered), mode="r|") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                if content:
                    yield member.name, functools.partial(unpacked, content, allowance, metered=False)
        while metered.read():
            pass
        if not zipped:  # it has no sum: a whole one ends in two empty blocks
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - _TAR_END))
            if size < _TAR_END or stream.read().strip(b"\0"):
                raise tarfile.ReadError


def _zip(path: Path, allowance: Allowance) -> Iterator[tuple[str, Callable[[], bytes]]]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.is_dir() and not stat.S_ISLNK(member.external_attr >> 16):
                yield member.filename, functools.partial(_member, archive, member, allowance)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, allowance: Allowance) -> bytes:
    allowance.foresee(member.file_size)
    with archive.open(member) as stream:
        return unpacked(stream, allowance)


def _folder(path: Path, wanted: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    allowance = Allowance(path, 0)
    names = sorted(found.relative_to(path).as_posix() for found in path.rglob("*"))
    for name in names:
        matched = _matched(name, wanted)
        if matched and (path / name).is_file():
            with opened(path / name) as file:
                yield matched, unpacked(file, allowance, metered=False)


def _matched(name: str, wanted: re.Pattern[str]) -> str:
    """The member's name without the folders above what is wanted; empty: it is not wanted."""
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or "__MACOSX" in parts:
        return ""
    tails = ("/".join(parts[k:]) for k in (1, 0, *range(2, len(parts))))
    return next((tail for tail in tails if tail and wanted.fullmatch(tail)), "")
