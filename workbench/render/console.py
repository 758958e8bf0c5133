"""Rich consoles on stdout and stderr: the only ones of the program. Imported where something is printed.

What Rich itself makes of styles and of moving the cursor passes; the text of every segment is made printable.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from workbench.render.ascii import ascii_only, to_ascii
from workbench.render.output import unguarded
from workbench.render.text import printable, printable_lines

_AT_ONCE = 200  # rows of a listing
_GAP = 2  # cells between the columns of a listing


class PrintableConsole(Console):
    """Console whose texts hold nothing that a terminal would obey, and ASCII alone where that is chosen."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._ascii = ascii_only()

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            text, style, control = segment
            if control or (text.isascii() and text.isprintable()):
                yield segment
                continue
            text = printable_lines(text)
            yield Segment(to_ascii(text) if self._ascii else text, style)


def wide_console() -> Console:
    """Return a console on stdout, 160 columns wide where that is not a terminal."""
    stdout = unguarded(sys.stdout)
    return PrintableConsole(file=stdout) if stdout.isatty() else PrintableConsole(file=stdout, width=160)


def error_console() -> Console:
    """Return a console on stderr that highlights nothing."""
    return PrintableConsole(file=unguarded(sys.stderr), highlight=False)


def facts(rows: Iterable[Sequence[str]], styles: Sequence[str] = ("bold", "", "yellow")) -> None:
    """Print rows without heads, a style a column; text is never markup."""
    table = Table.grid(padding=(0, 2))
    for row in rows:
        table.add_row(*(Text(text, style) for text, style in zip(row, styles, strict=False)))
    wide_console().print(table)


def listing(heads: Sequence[str], rows: Iterable[Sequence[str | Text]], spare: Sequence[str] = ()) -> None:
    """Print rows under heads, no cell broken over lines; text is never markup.

    Args:
        spare: heads of columns that are left out, one after the other, until the others have room.
    """
    console = wide_console()
    texts = [[Text(printable(cell)) if isinstance(cell, str) else cell for cell in row] for row in rows]
    titles = [Text(printable(head)) for head in heads]
    widths = [max(map(cell_len, (title.plain, *(row[at].plain for row in texts)))) for at, title in enumerate(titles)]
    shown = list(range(len(heads)))
    for head in spare:
        if sum(widths[at] for at in shown) + _GAP * (len(shown) - 1) <= console.width:
            break
        shown.remove(heads.index(head))
    if sum(widths[at] for at in shown) + _GAP * (len(shown) - 1) <= console.width:
        for start in range(0, len(texts), _AT_ONCE):  # a table is laid out cell by cell, which takes long for thousands
            lines = [[Text(title.plain, "bold") for title in titles]] * (not start) + texts[start : start + _AT_ONCE]
            console.print(Text("\n").join(_line(row, shown, widths) for row in lines), soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False)
    for at in shown:
        table.add_column(titles[at], no_wrap=True)
    for row in texts:
        table.add_row(*(row[at] for at in shown))
    console.print(table)


def _line(row: Sequence[Text], shown: Sequence[int], widths: Sequence[int]) -> Text:
    """Return a row's cells side by side, each as wide as its column."""
    line = Text()
    for at in shown:
        line.append_text(row[at]).append(" " * (widths[at] - row[at].cell_len + _GAP * (at != shown[-1])))
    return line
