"""Standard streams: data on stdout, narration on stderr, lines of text from stdin."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import TextIOWrapper

import msgspec

from workbench.render.text import readable


def stdin_lines() -> Iterator[str]:
    """Yield the lines of stdin as readable text, without a byte order mark."""
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8-sig", errors="surrogateescape")  # another locale's decoder would raise
    yield from map(readable, sys.stdin)


def narrate(sentence: str) -> None:
    """Print a sentence on stderr: stdout is for data alone."""
    print(sentence, file=sys.stderr, flush=True)


def print_json(value: object) -> None:
    """Print a value as one line of JSON on stdout."""
    print(msgspec.json.encode(value).decode(), flush=True)
