"""Detection of a text's encoding: by its mark, as UTF-8, else as GB18030 or Windows-1252. No torch."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tasks.base import DataError

Chunks = Callable[[], Iterable[bytes]]  # reads a file's bytes from its beginning

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16's, with which it begins
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
UNMARKED = ("gb18030", "cp1252", "latin-1")  # told by a text's bytes alone: they may be another
_TITLES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with a mark",
    "utf-16": "UTF-16",
    "utf-32": "UTF-32",
    "gb18030": "GB18030",
    "cp1252": "Windows-1252",
    "latin-1": "Latin-1",
}
_SEEN = 1 << 20  # bytes that tell GB18030 from Windows-1252
_PAIR = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
# signs and the first level of GB 2312: most that Chinese texts hold
_COMMON = re.compile(rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]")
_MULTIBYTE = re.compile(rb"[\xc3-\xf4][\x80-\xbf]+")
_CURE = "name the file's encoding with task.encoding (gb18030, cp1252, …)"
_EASTERN = "name the file's encoding with task.encoding (cp1251 or koi8-r for Russian, big5, shift_jis, euc-kr, …)"
_BEYOND = re.compile(rb"[\x80-\xff]")
# without Windows-1252's dashes, quotes and dots, which stand in rows
_RUN = re.compile(rb"[\x80-\x84\x86-\x90\x98-\x9f\xa1-\xaa\xac-\xb6\xb8-\xba\xbc-\xff]{3,}")
_RUNS = 0.5  # share of the bytes beyond ASCII that stand in runs: more, and they are no Western text
_ALPHABETS, _SAME = 3, 0.9  # high bytes of UTF-16, and the share of the characters that have them
_BLANKS = 0.1  # share of the characters that are ASCII at least
_DAMAGED = 10  # characters of UTF-8 for each byte that is none: it is UTF-8 with a fault


def title(name: str) -> str:
    """Return an encoding's name as people write it."""
    return _TITLES.get(name, name)


def check(name: str) -> None:
    """Raises: ValueError: ``task.encoding`` names no encoding of texts."""
    try:
        "".encode(name)
        codecs.getincrementaldecoder(name)
    except (LookupError, ValueError):
        raise ValueError(
            f"task.encoding={name[:40]!r} is no encoding of texts: give utf-8, utf-16, gb18030, cp1252, …"
        ) from None


def decode(content: bytes, path: Path | str, wanted: str = "", *, cure: str = "") -> tuple[str, str]:
    """Return the text that a file's bytes hold, and the name of Python's codec for them.

    Args:
        path: named in messages.
        wanted: the encoding to take in place of the one found; empty: none.
        cure: ends messages where the task has no ``task.encoding``.

    Raises:
        DataError: they are binary, or not in that encoding.
    """
    name = wanted or detect(path, lambda: [content], cure=cure)
    try:
        return content.decode(name), name
    except UnicodeError:
        raise wrong(path, lambda: [content], name, cure=cure) from None


def by_mark(start: bytes) -> str:
    """Return the encoding that a mark at a file's beginning tells; empty: there is none."""
    return next((name for mark, name in _MARKS if start.startswith(mark)), "")


def detect(path: Path | str, chunks: Chunks, *, cure: str = "") -> str:
    """Return the name of Python's codec for a file's text.

    Args:
        path: named in messages.
        cure: ends messages where the task has no ``task.encoding``.

    Raises:
        DataError: the file is binary, or in UTF-8 with bytes that are none; the line is told.
    """
    start = next(iter(chunks()), b"")
    if name := by_mark(start):
        return name
    if (zero := start.find(b"\0")) >= 0:
        if name := _wide(start):
            how = cure or f"set task.encoding={name}"
            raise DataError(f"{path} seems to be UTF-16 text without a mark: {how}.")
        row = start.count(b"\n", 0, zero) + 1
        raise DataError(f"{path} is no text: it has a zero byte at byte {zero:,} (line {row:,}); give a file of text.")
    if (line := fault(chunks(), "utf-8")) is None:
        return "utf-8"
    if _is_damaged_utf8(chunks()):
        raise DataError(
            f"{path}, line {line}: bytes that are not UTF-8, as the rest of the file is: mend that line, or "
            f"{cure or _CURE}."
        )
    if fault(chunks(), "gb18030") is None and _is_chinese(chunks()):
        return "gb18030"
    if _is_not_western(chunks()):
        raise DataError(
            f"{path}, line {line}: text that is neither UTF-8 nor Western (Windows-1252): {cure or _EASTERN}."
        )
    return "cp1252" if fault(chunks(), "cp1252") is None else "latin-1"


def fault(chunks: Iterable[bytes], name: str) -> int | None:
    """Return the line of the first bytes that an encoding does not have; ``None``: there are none."""
    decoder = codecs.getincrementaldecoder(name)()
    lines = 1
    try:
        for chunk in chunks:
            lines += decoder.decode(chunk).count("\n")
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        if isinstance(error, UnicodeDecodeError):
            lines += error.object[: error.start].decode(name, errors="ignore").count("\n")
        return lines
    return None


def wrong(path: Path | str, chunks: Chunks, name: str, *, cure: str = "") -> DataError:
    """Return the error of a file that is not in the encoding it was read by; ``cure`` as in ``detect``."""
    line = fault(chunks(), name)
    where = f", line {line}" if line is not None else ""
    return DataError(
        f"{path}{where}: not {title(name)} text: {cure or f'{_CURE}, or leave it empty for it to be found'}."
    )


def _is_damaged_utf8(chunks: Iterable[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    right = bad = 0
    for chunk in _first(chunks):
        bad += decoder.decode(chunk).count("\ufffd")
        right += len(_MULTIBYTE.findall(chunk))
    return bad == 0 or right > _DAMAGED * bad


def _is_chinese(chunks: Iterable[bytes]) -> bool:
    pairs = common = 0
    for chunk in _first(chunks):
        pairs += len(_PAIR.findall(chunk))
        common += len(_COMMON.findall(chunk))
    return pairs > 0 and common >= 0.8 * pairs


def _wide(start: bytes) -> str:
    """Return the UTF-16 that a file without a mark is in; empty: in none.

    Every second byte of its characters is one of a few: 0 of Latin letters and blanks, 4 of Cyrillic ones.
    """
    for name, high, low in (("utf-16-le", start[1::2], start[::2]), ("utf-16-be", start[::2], start[1::2])):
        same = sum(count for _, count in Counter(high).most_common(_ALPHABETS))
        if same >= _SAME * len(high) and high.count(0) >= _BLANKS * len(high) and not low.count(0):
            return name
    return ""


def _is_not_western(chunks: Iterable[bytes]) -> bool:
    """Tell whether letters beyond ASCII stand side by side, as in other alphabets; in Western words they are rare."""
    letters = runs = 0
    for chunk in _first(chunks):
        letters += len(_BEYOND.findall(chunk))
        runs += sum(map(len, _RUN.findall(chunk)))
    return runs > _RUNS * letters


def _first(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the first chunks that are not ASCII alone."""
    seen = 0
    for chunk in chunks:
        if not chunk.isascii():
            yield chunk
            seen += len(chunk)
            if seen >= _SEEN:
                return
