"""Tables on stdout. Imported where something is printed, so that ``--help`` does not wait for Rich."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text


def wide_console() -> Console:
    """Return a Rich console on stdout, 160 columns wide where that is not a terminal."""
    return Console() if sys.stdout.isatty() else Console(width=160)


def facts(rows: Iterable[Sequence[str]], styles: Sequence[str] = ("bold", "", "yellow")) -> None:
    """Print rows without heads, a style a column; text is never markup."""
    table = Table.grid(padding=(0, 2))
    for row in rows:
        table.add_row(*(Text(text, style) for text, style in zip(row, styles, strict=False)))
    wide_console().print(table)


def listing(heads: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    """Print rows under heads, no cell broken over lines; text is never markup."""
    table = Table(box=None, pad_edge=False)
    for head in heads:
        table.add_column(head, no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    wide_console().print(table)
