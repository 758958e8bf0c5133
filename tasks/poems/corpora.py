"""Readers of the three corpora: their files as one text a poem, unchanged."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import msgspec

from tasks.base import DataError
from tasks.poems.settings import CORPORA
from tasks.shared.datasets import reading


class _Poem(msgspec.Struct):
    paragraphs: list[str]


def find(folder: Path, corpus: str) -> tuple[str, list[Path]]:
    """Find a corpus (``auto``: the first one that is there) → its name and its files.

    Raises:
        DataError: it is not there.
    """
    names = list(CORPORA) if corpus == "auto" else [corpus]
    paths = reading.find(folder, *(CORPORA[name] for name in names))
    return next(name for name in names if paths[0].match(CORPORA[name])), paths


def read(corpus: str, paths: Sequence[Path]) -> list[str]:
    """Read every poem of a corpus, a text each.

    Raises:
        DataError: a file is missing, empty, truncated, in another encoding, or holds no poem.
    """
    texts: list[str] = []
    for path in paths:
        poems = _READERS[corpus](path)
        if not poems:
            raise DataError(f"{path} holds no poem: fetch it again.")
        texts += poems
    return texts


def _tang(path: Path) -> list[str]:
    """``[{"paragraphs": [line, …], …}, …]``."""
    content = reading.content(path).removeprefix(codecs.BOM_UTF8)
    try:
        poems = msgspec.json.decode(content, type=list[_Poem])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if "truncated" not in str(error):  # it may have been cut within a character
            reading.decode(content, path)
        raise DataError(
            f'{path} is not a whole JSON list of poems, each with its lines as "paragraphs" ({error}): fetch it again.'
        ) from None
    return ["".join(poem.paragraphs) for poem in poems]


def _titled(path: Path) -> list[str]:
    """``title:content``, a poem a line."""
    texts = []
    for number, line in enumerate(reading.text(path).split("\n"), 1):
        if line.strip():
            _, colon, content = line.replace("：", ":", 1).partition(":")
            if not colon:
                raise DataError(f"{path} line {number} has no colon: expected title:content, a poem a line.")
            texts.append(content)
    return texts


def _wrapped(path: Path) -> list[str]:
    """A blank line between poems, the lines of each wrapped anywhere."""
    lines = [line.strip() for line in reading.text(path).splitlines()]
    return ["".join(group) for written, group in groupby(lines, key=bool) if written]


_READERS: Mapping[str, Callable[[Path], list[str]]] = {"tang": _tang, "poems": _titled, "tangshi": _wrapped}
