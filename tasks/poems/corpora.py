"""Readers of the three corpora: their files as one text a poem, unchanged, and what is no poem left out and told."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import dropwhile, groupby
from pathlib import Path
from typing import NamedTuple

import msgspec

from tasks.base import DataError
from tasks.poems.settings import CORPORA
from tasks.shared.datasets import reading
from tasks.shared.decoding import decode

LAYOUT: Mapping[str, str] = {"tangshi": ", with a blank line between poems"}  # for messages: what is to be checked

_COLON = re.compile("[:：]")
_MARK = re.compile("[，。！？；、,.!?;]")
_HEADING = re.compile("《[^》]*》|[^，。！？；、,.!?;]*[:：]")
_LINE_END = re.compile("\r\n|\r|\n")


class Corpus(NamedTuple):
    """The poems of a corpus, a text each, and what was left out, a sentence each."""

    texts: list[str]
    notes: list[str]


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


def unread(folder: Path, corpus: str) -> list[str]:
    """A note for each other corpus that is there and is not read."""
    others = [name for name, pattern in CORPORA.items() if name != corpus and any(folder.glob(pattern))]
    return [f"{CORPORA[corpus]} is read and not {CORPORA[name]}: task.corpus={name} takes that." for name in others]


def read(corpus: str, paths: Sequence[Path]) -> Corpus:
    """Read every poem of a corpus.

    Raises:
        DataError: a file is missing, empty, truncated, in another encoding, or holds no poem.
    """
    texts: list[str] = []
    notes: list[str] = []
    for path in paths:
        found = _READERS[corpus](path)
        if not found.texts:
            raise DataError(f"{path} holds no poem: {' '.join(found.notes) or 'fetch it again.'}")
        texts += found.texts
        notes += found.notes
    return Corpus(texts, notes)


def _tang(path: Path) -> Corpus:
    """``[{"paragraphs": [line, …], …}, …]``."""
    content = reading.content(path).removeprefix(codecs.BOM_UTF8)
    try:
        poems = decode(content, list[_Poem])
    except msgspec.DecodeError as error:
        if "truncated" not in str(error):  # it may have been cut within a character
            reading.decode(content, path)
        raise DataError(
            f'{path} is not a whole JSON list of poems, each with its lines as "paragraphs" ({error}): fetch it again.'
        ) from None
    return Corpus(["".join(poem.paragraphs) for poem in poems], [])


def _titled(path: Path) -> Corpus:
    """``title:content``, a poem a line; lines with more colons, whose title may end at any, are left out."""
    texts: list[str] = []
    unclear: list[int] = []
    for number, line in enumerate(_lines(path), 1):
        if line:
            parts = _COLON.split(line)
            if len(parts) == 1:
                raise DataError(f"{path} line {number} has no colon: expected title:content, a poem a line.")
            if len(parts) > 2:
                unclear.append(number)
            else:
                texts.append(parts[1])
    return Corpus(texts, _left_out(path, unclear, "more than one colon, so that it is not clear where the title ends"))


def _wrapped(path: Path) -> Corpus:
    """A blank line between poems, the lines of each wrapped anywhere.

    Where no verse is wrapped within a line (each of its lines ends in a mark), lines without any mark that lead a poem
    are titles or authors and are left out; so is a poem whose first line has a title, or a colon before its first mark.
    """
    groups = [
        [*lines] for written, lines in groupby(enumerate(_lines(path), 1), key=lambda each: bool(each[1])) if written
    ]
    verses = [[*dropwhile(lambda each: not _MARK.search(each[1]), group)] for group in groups]
    ends = [line[-1] for verse in verses for _, line in verse[:-1]]
    begins = [verse[0][1][0] for verse in verses if verse]
    if not begins or any(map(_MARK.match, begins)) or not all(map(_MARK.match, ends)):
        return Corpus(["".join(line for _, line in group) for group in groups], [])
    titles = [line for group, verse in zip(groups, verses, strict=True) for line in group[: len(group) - len(verse)]]
    headed = [verse[0][0] for verse in verses if verse and _HEADING.match(verse[0][1])]
    texts = ["".join(line for _, line in verse) for verse in verses if verse and verse[0][0] not in headed]
    notes = _left_out(path, headed, "a title, or a colon before the first other mark, where a poem begins")
    if titles:
        number, first = titles[0]
        lead = "1 line" if len(titles) == 1 else f"{len(titles):,} lines"
        notes.append(
            f"{lead} without punctuation above poems of {path.name} (line {number}: {first}) left out as titles."
        )
    return Corpus(texts, notes)


def _lines(path: Path) -> list[str]:
    return [line.strip() for line in _LINE_END.split(reading.text(path))]


def _left_out(path: Path, lines: Sequence[int], why: str) -> list[str]:
    """The note on poems that are left out, given by the numbers of their lines; none where there are none."""
    if not lines:
        return []
    poems = "1 poem was" if len(lines) == 1 else f"{len(lines):,} poems were"
    return [f"{poems} left out of {path.name}, first that of line {lines[0]}: {why}."]


_READERS: Mapping[str, Callable[[Path], Corpus]] = {"tang": _tang, "poems": _titled, "tangshi": _wrapped}
