"""Tokenizers of English and Chinese texts."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tasks.shared.datasets.cache import cache_folder

_ACCENT = re.compile(r"[\u0300-\u036f]")  # combining, as NFKD parts them from their letter
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_CLOSES, _OPENS = ",.!?;:)%", "($"
_WORD = re.compile(r"\w+(?:'\w+)?|[^\w\s]")
_ENGLISH = re.compile(r"[a-z]+(?:'[a-z]+)?|[0-9]+|[!?.,;:()\"*$%-]")


def english(text: str) -> list[str]:
    """Words (``don't`` is one), numbers and marks of an English text: lower case, no accents, no HTML line breaks."""
    plain = unicodedata.normalize("NFKD", _BREAK.sub(" ", text).replace("’", "'"))
    return _ENGLISH.findall(_ACCENT.sub("", plain).lower())


def words(text: str) -> list[str]:
    """Words, numbers and marks of a text in any script whose words are parted by blanks: lower case."""
    return _WORD.findall(unicodedata.normalize("NFKC", _BREAK.sub(" ", text).replace("’", "'")).lower())


def characters(text: str) -> list[str]:
    """Characters of a text: lower case, a run of whitespace is one blank."""
    return list(" ".join(unicodedata.normalize("NFKC", _BREAK.sub(" ", text)).lower().split()))


def joined(tokens: Sequence[str]) -> str:
    """Tokens as a person reads them: a space between two, but none beside Chinese, before ``,`` or after ``(``."""
    text = ""
    for token in filter(None, tokens):
        close = not text or token[0] in _CLOSES or text[-1] in _OPENS or _wide(token[0]) or _wide(text[-1])
        text += token if close else f" {token}"
    return text


def _wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"


def _own_folder() -> Path:
    """Return a folder for jieba's dictionary: its own choice is any file of that name in the machine's ``/tmp``."""
    folder = cache_folder()
    with suppress(OSError):  # it does without one
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def chinese(text: str) -> list[str]:
    """Words of a Chinese text as jieba cuts them, whitespace dropped, Latin letters in lower case."""
    import jieba

    if not jieba.dt.initialized:
        jieba.setLogLevel(logging.CRITICAL)
        jieba.dt.tmp_dir = str(_own_folder())
    return [word for word in jieba.cut(unicodedata.normalize("NFKC", text).lower()) if not word.isspace()]
