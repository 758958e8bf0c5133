"""Standard streams: data on stdout, narration on stderr, lines of text from stdin."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import TextIOWrapper
from typing import Any

import msgspec

from workbench.render.text import readable


def piped() -> Iterator[str]:
    """The lines of stdin, readable; a mark of byte order before the first is none of them."""
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8-sig", errors="surrogateescape")  # as the locale has it, it would raise
    yield from map(readable, sys.stdin)


def say(sentence: str) -> None:
    """Narration: to stderr, so that stdout stays data."""
    print(sentence, file=sys.stderr, flush=True)


def put(value: Any) -> None:
    """One JSON value on a line of stdout."""
    print(msgspec.json.encode(value).decode(), flush=True)
