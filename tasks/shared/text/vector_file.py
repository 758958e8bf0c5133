"""A user's file of word vectors, as GloVe, word2vec and fastText write them: a word and its numbers a line.

Shapes: V words, E width.
"""

from __future__ import annotations

import gzip
import io
import itertools
import os
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from tasks.base import DataError
from tasks.shared.datasets import archives, bounded, cache, stamps
from tasks.shared.datasets.progress import report_progress

_VERSION = 1  # of what is read from a file: a change makes every cached copy an old one
_SEED = 1
_LONGEST, _NUMBER = 10_000, 1_000  # characters of a word, and of a number with the spaces before it
_TEXTS = (".txt", ".vec")
_WIDTH = re.compile(r"\.(\d+)d\.\w+$")


class Vectors(NamedTuple):
    """The vectors of a vocabulary."""

    vectors: Tensor  # (V,E) float32
    found: int  # words that the file holds
    repeated: int  # lines of a word that stood there before, which are left out


def kept(path: Path, words: Mapping[str, int], width: int) -> Vectors:
    """Return what ``read`` returns, read once for the same words of the same file (``stamps``) and then cached.

    Raises:
        DataError: as ``read``.
    """
    stamp = stamps.stamp(path)
    if stamp is None:
        return read(path, words, width)

    def build() -> cache.Encoding:
        report_progress(f"Reading the word vectors of {path.name} …")
        found = read(path, words, width)
        return {"vectors": found.vectors}, {"found": found.found, "repeated": found.repeated}

    key = cache.key(_VERSION, stamp, width, list(words.items()))
    tensors, counts = cache.tensors(f"vectors-{key}", build)
    return Vectors(tensors["vectors"], counts["found"], counts["repeated"])


def read(path: Path, words: Mapping[str, int], width: int) -> Vectors:
    """Read vectors from a ``.txt`` or ``.vec`` file, gzipped or not, or from a zip of them.

    A word is parted from its numbers, and they from each other, by spaces or tabs. word2vec's head line (count and
    width) may stand first. Of a zip with several files ``*.{width}d.txt`` is taken.

    Args:
        words: the words wanted, and their numbers 0 … V-1.
        width: E.

    Returns:
        vectors, drawn from the found ones' own mean and spread where a word is not in the file.

    Raises:
        DataError: the file cannot be read, is truncated, has another width, or holds none of the words.
    """
    vectors = np.zeros((len(words), width), dtype=np.float32)
    there = np.zeros(len(words), dtype=bool)
    repeated = promised = number = 0
    first = True  # of the lines of words: it tells the file's width
    with _lines(path, width) as lines:
        for number, line in enumerate(lines, 1):
            word, numbers = _parted(line, width)
            if number == 1 and word.isdecimal() and numbers.strip().isdecimal():
                promised = int(word)
                continue
            row = words.get(word)
            if row is not None or first or not line.endswith("\n"):
                vector = _vector(numbers.split(), width, path, number, first=first)
                first = False
                if row is not None and there[row]:
                    repeated += 1
                elif row is not None:
                    vectors[row], there[row] = vector, True
    if number - 1 < promised:
        raise DataError(
            f"{path} is truncated at line {number:,}: its first line promises {promised:,} words. Fetch it again."
        )
    if not there.any():
        raise DataError(f"{path} holds none of this vocabulary's words: name a file of vectors in the texts' language.")
    random = np.random.default_rng(_SEED)
    present = vectors[there]
    vectors[~there] = random.normal(present.mean(0), present.std(0) + 1e-8, size=(int((~there).sum()), width))
    return Vectors(torch.from_numpy(vectors), int(there.sum()), repeated)


def _parted(line: str, width: int) -> tuple[str, str]:
    """Return a line's word, which may hold spaces (some of glove.840B's do), and its numbers."""
    word, _, numbers = line.strip(" \t\r\n").replace("\t", " ").partition(" ")
    if numbers and not _is_number(numbers.split(maxsplit=1)[0]):
        parts = [word, *numbers.split()]
        if len(parts) > width:
            return " ".join(parts[:-width]), " ".join(parts[-width:])
    return word, numbers


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _vector(numbers: list[str], width: int, path: Path, line: int, *, first: bool) -> np.ndarray:
    """Return a line's numbers (E,).

    Args:
        first: it is the file's first word; after it, another number of numbers is damage.
    """
    try:
        vector = np.array(numbers, dtype=np.float32)
    except ValueError:
        vector = np.array([np.nan], dtype=np.float32)
    if not numbers or not np.isfinite(vector).all():
        raise DataError(f"{path}, line {line:,}: expected a word and {width} numbers, parted by spaces or tabs.")
    if len(vector) != width and first:
        raise DataError(
            f"{path}, line {line:,} holds {len(vector)} numbers, not {width}: "
            f"set task.embedding={len(vector)}, the file's width, or name another file with task.vectors."
        )
    if len(vector) != width:
        raise DataError(
            f"{path} is truncated or damaged at line {line:,}: it holds {len(vector)} numbers, the lines before "
            f"{width}. Fetch it again."
        )
    return vector


@contextmanager
def _lines(path: Path, width: int) -> Iterator[Iterator[str]]:
    """The lines of a file of vectors, read as they are needed."""
    try:
        with _opened(path, width) as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="\n") as text:
            yield _bounded(path, width, text)
    except FileNotFoundError:
        raise DataError(f"{path} is missing: name a file of word vectors with task.vectors.") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder: name a file of word vectors with task.vectors.") from None
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            raise DataError(f"{path} is truncated: it ends within a character. Fetch it again.") from None
        raise DataError(
            f"{path} is not UTF-8 text: expected a word and {width} numbers a line; save a binary file as text first."
        ) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, gzip.BadGzipFile):
        raise DataError(f"{path} is truncated or damaged, not a whole archive: fetch it again.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None


def _bounded(path: Path, width: int, text: io.TextIOWrapper) -> Iterator[str]:
    """Yield a text's lines, and refuse one that no word and its numbers fill."""
    most = _LONGEST + width * _NUMBER
    for number in itertools.count(1):
        line = text.readline(most)
        if not line:
            return
        if len(line) == most and not line.endswith("\n"):
            raise DataError(
                f"{path}, line {number:,} has {most:,} characters or more: expected a word and {width} numbers, parted "
                "by spaces or tabs."
            )
        yield line


@contextmanager
def _opened(path: Path, width: int) -> Iterator[IO[bytes]]:
    with bounded.opened(path) as file:
        start = file.read(512)
        allowance = bounded.Allowance(path, os.fstat(file.fileno()).st_size)
    archives.refuse_page(path, start)
    if archives.is_zip(start):
        with zipfile.ZipFile(path) as archive, archive.open(_member(path, archive.namelist(), width)) as unzipped:
            yield io.BufferedReader(bounded.MeteredFile(unzipped, allowance), bounded.CHUNK)
    elif archives.is_gzip(start):
        with gzip.open(path) as unzipped:
            yield io.BufferedReader(bounded.MeteredFile(cast(IO[bytes], unzipped), allowance), bounded.CHUNK)
    else:
        with path.open("rb") as plain:
            yield plain


def _member(path: Path, names: Sequence[str], width: int) -> str:
    """Return the name of a zip's file of the width wanted, or of its only one if its name tells no width."""
    texts = [name for name in names if name.endswith(_TEXTS) and not name.startswith("__MACOSX")]
    for name in texts:
        if name.endswith(tuple(f".{width}d{end}" for end in _TEXTS)):
            return name
    widths = sorted({int(found[1]) for name in texts if (found := _WIDTH.search(name))})
    if widths:
        raise DataError(
            f"{path} holds no {width}-wide vectors: set task.embedding to a width that it has, "
            f"{' or '.join(map(str, widths))}."
        )
    if len(texts) == 1:
        return texts[0]
    held = f"{len(texts)} of them" if texts else ", ".join(names[:3]) or "nothing"
    raise DataError(
        f"{path} should hold one file of vectors ({' or '.join(_TEXTS)}), but holds {held}: "
        "unpack it, and name the file with task.vectors."
    )
