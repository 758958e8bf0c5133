"""The files inside an archive, read one by one in memory: nothing is ever extracted.

``aclImdb_v1.tar.gz`` holds 100,000 files: each is handed over as it streams by, and forgotten.
"""

from __future__ import annotations

import gzip
import re
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tasks.base import DataError

_CHUNK = 1 << 20  # bytes


def members(path: Path, wanted: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    """(name, content) of each file in a ``.tar.gz``, a ``.zip`` or a folder whose name ``wanted`` matches in full.

    A name is the path below the archive's top folder (``train/pos/0_9.txt``). An archive's files come in its own
    order, a folder's sorted by name. Links, and names that lead out of the archive, are passed over.

    Raises:
        DataError: ``path`` is missing or cannot be read, or the archive is truncated or damaged; what is found out
            at its end only is raised after its last file.
    """
    if path.is_dir():
        yield from _plainly(path, _folder(path, wanted))
    elif path.suffix == ".zip":
        yield from zipped(path, wanted)
    else:
        yield from _plainly(path, _tar(path, wanted))


def zipped(path: Path, wanted: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    """The same of a zip archive, whatever its name ends in."""
    return _plainly(path, _zip(path, wanted))


def unreadable(path: Path, error: OSError) -> DataError:
    """Why a file could not be read, as a sentence."""
    if isinstance(error, FileNotFoundError):
        return DataError(f"{path} is missing: put the data there, or name another --data.")
    return DataError(f"{path} cannot be read: {error.strerror or error}.")


def _plainly(path: Path, found: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Yield from ``found``, with its errors as one sentence."""
    try:
        yield from found
    except MemoryError:
        raise
    except Exception as error:  # damaged bytes make the archives' libraries raise nearly anything
        if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
            raise unreadable(path, error) from None
        raise DataError(f"{path} is truncated or damaged, not a whole archive: fetch it again.") from None


def _tar(path: Path, wanted: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    # tarfile's own gzip stream checks no sum and takes a torn end for the end: gzip is read here, to its last byte
    with gzip.open(path) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            name = _matched(member.name, wanted)
            content = archive.extractfile(member) if name and member.isfile() else None
            if name and content:
                yield name, content.read()
        while stream.read(_CHUNK):
            pass


def _zip(path: Path, wanted: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            name = _matched(member.filename, wanted)
            if name and not member.is_dir() and not stat.S_ISLNK(member.external_attr >> 16):
                yield name, archive.read(member)


def _folder(path: Path, wanted: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    names = sorted(found.relative_to(path).as_posix() for found in path.rglob("*"))
    for name in names:
        if wanted.fullmatch(name) and (path / name).is_file():
            yield name, (path / name).read_bytes()


def _matched(name: str, wanted: re.Pattern[str]) -> str:
    """The member's name without the top folder, or whole where there is none above it; empty: it is not wanted."""
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or parts[:1] == ("__MACOSX",):
        return ""
    return next((n for n in ("/".join(parts[1:]), "/".join(parts)) if n and wanted.fullmatch(n)), "")
