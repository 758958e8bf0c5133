"""Standard streams: data on stdout, narration on stderr, lines of text from stdin."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import TextIOWrapper
from typing import Any

import msgspec

from workbench.render.text import is_printable, readable


def stdin_lines() -> Iterator[str]:
    """Yield the lines of stdin as readable text, without a byte order mark."""
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8-sig", errors="surrogateescape")  # another locale's decoder would raise
    yield from map(readable, sys.stdin)


def narrate(sentence: str) -> None:
    """Print a sentence on stderr: stdout is for data alone."""
    print(sentence, file=sys.stderr, flush=True)


def print_json(value: object) -> None:
    """Print a value as one line of JSON on stdout, in ASCII where that encodes nothing else.

    No character of it is one that a terminal would obey.
    """
    text = json_text(value)
    utf8 = (sys.stdout.encoding or "utf-8").lower().replace("-", "").startswith("utf8")
    if not (text.isprintable() if utf8 else text.isascii() and text.isprintable()):
        text = "".join(c if is_printable(c) and (utf8 or c.isascii()) else _escape(c) for c in text)
    print(text, flush=True)


def json_text(value: object) -> str:
    """Return a value as JSON, with replacement characters where a path is not UTF-8."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(_readable(msgspec.to_builtins(value))).decode()


def _readable(value: Any) -> Any:
    """Return plain data in which each byte that was not UTF-8 is a replacement character."""
    match value:
        case str():
            return readable(value)
        case dict():
            return {_readable(key): _readable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_readable(inner) for inner in value]
    return value


def _escape(character: str) -> str:
    """Return a character as JSON escapes it: one or two units of UTF-16."""
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
