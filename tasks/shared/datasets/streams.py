"""Bytes of a file of tables, streamed: as it is, gzipped, or the first table in a zip archive. No torch."""

from __future__ import annotations

import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from tasks.base import DataError
from tasks.shared.datasets import archives
from tasks.shared.datasets.bounded import CHUNK, Allowance, MeteredFile, opened

_TABLES = re.compile(r".*\.(csv|tsv|tab|txt|jsonl|ndjson|json)", re.DOTALL | re.IGNORECASE)


@contextmanager
def unpacked(path: Path) -> Iterator[IO[bytes]]:
    """Open a file's bytes, unpacked as they are read.

    Raises:
        DataError: it is missing, empty, a web page or an Excel workbook, damaged, or cannot be read.
    """
    try:
        with opened(path) as file:
            start = file.read(512)
            archives.refuse_page(path, start)
            file.seek(0)
            if archives.is_gzip(start):
                with gzip.open(file) as stream:
                    metered = MeteredFile(cast(IO[bytes], stream), Allowance(path, os.fstat(file.fileno()).st_size))
                    yield io.BufferedReader(metered, CHUNK)
            elif archives.is_zip(start):
                yield io.BytesIO(_member(path))
            else:
                yield file
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise DataError(f"{path} is truncated or damaged, not a whole archive: copy it again.") from None
    except OSError as error:
        raise archives.unreadable(path, error) from None


def chunks(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes, unpacked, piece by piece.

    Raises:
        DataError: as ``unpacked``.
    """
    with unpacked(path) as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def left_out(path: Path) -> list[str]:
    """Return a sentence on the tables of a zip archive but the first."""
    return archives.passed_over(path, _TABLES)


def _member(path: Path) -> bytes:
    archives.refuse_workbook(path)
    for _, read in archives.members(path, _TABLES):
        return read
    raise DataError(f"{path} holds no .csv, .tsv, .txt or .jsonl file: put one there.")
