"""Encoding of a text file, found from its bytes. No torch."""

from __future__ import annotations

import codecs
from pathlib import Path

from tasks.base import DataError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16's, with which it begins
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMES = {"utf-8": "UTF-8", "gb18030": "GB18030", "latin-1": "Latin-1"}
_MARKED = {"utf-8-sig": "UTF-8 with a mark", "utf-16": "UTF-16", "utf-32": "UTF-32"}
_BINARY = 0.05  # share of control characters that no text has
_SAMPLE = 1 << 20  # characters that are looked at


def decode(content: bytes, path: Path, wanted: str = "") -> tuple[str, str]:
    """Return the text that a file's bytes hold, and the name of their encoding.

    A mark at the beginning tells it; else UTF-8 where all bytes fit, GB18030 where they fit and most characters beyond
    ASCII are Chinese, and Latin-1.

    Args:
        path: the file, named in messages.
        wanted: the encoding to take in place of the one found; empty: none.

    Raises:
        DataError: there is no encoding ``wanted``, the bytes are not in it, or they are no text.
    """
    if wanted:
        return _as(content, path, wanted)
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), "")
    if marked:
        return _as(content, path, marked)
    text, name = _unmarked(content)
    sample = text[:_SAMPLE]
    strange = sum(character < " " and character not in "\t\n\r\f\v\x1b\x1a" for character in sample)
    if "\0" in sample or strange > _BINARY * len(sample):
        raise DataError(
            f"{path} holds bytes that are no text: name a text file, or its encoding with --set task.encoding=NAME."
        )
    return text, name


def _as(content: bytes, path: Path, encoding: str) -> tuple[str, str]:
    try:
        if "\0" in encoding:
            raise LookupError
        return content.decode(encoding), _MARKED.get(encoding, _NAMES.get(encoding, encoding))
    except LookupError:
        raise DataError(
            f"task.encoding={encoding!r} is no encoding of texts: give utf-8, utf-16, gb18030 or latin-1."
        ) from None
    except UnicodeError as error:
        at = getattr(error, "start", 0)
        raise DataError(
            f"{path} is not {_MARKED.get(encoding, encoding)} text at byte {at:,}: name another encoding with "
            "--set task.encoding=NAME, or leave it empty to have it found."
        ) from None


def _unmarked(content: bytes) -> tuple[str, str]:
    for encoding in ("utf-8", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or _is_chinese(text[:_SAMPLE]):
            return text, _NAMES[encoding]
    return content.decode("latin-1"), _NAMES["latin-1"]


def _is_chinese(text: str) -> bool:
    """Return whether most characters beyond ASCII are of GB 2312: accented letters before others are rare ones."""
    beyond = [character for character in text if character > "\x7f"]
    common = sum(len(character.encode("gb2312", "ignore")) == 2 for character in beyond)
    return 2 * common > len(beyond)
