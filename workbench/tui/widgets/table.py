"""Tables of texts and figures in aligned columns, in any script, and text that scrolls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from tasks.views import TableValue
from workbench.render import format
from workbench.render.text import printable
from workbench.tui.widgets.static_text import StaticText

Passable = Content | str | Callable[[int], Content]
_GAP = "  "
_ITEM_GAP = 3  # columns between items that flow over lines


def lay_out(
    columns: Sequence[str],
    rows: Sequence[Sequence[TableValue]],
    strong: frozenset[int] = frozenset(),
    *,
    right: bool = False,
    room: int = 0,
) -> Content:
    """Return a table: texts to the left, figures to the right; the rows in ``strong`` stand out.

    Args:
        right: all columns but the first hold figures, formatted already.
        room: cells of a line. What has no room there follows in further tables, each with the first column.
    """
    values = [[row[i] if i < len(row) else None for row in rows] for i in range(len(columns))]
    figures = [
        all(not isinstance(value, str) for value in column) or (right and index > 0)
        for index, column in enumerate(values)
    ]
    cells = [_column(column) for column in values]
    text = list(zip(*cells, strict=True)) if cells else []
    heads = [
        _head(printable(name), max(map(cell_len, column), default=0))
        for name, column in zip(columns, cells, strict=True)
    ]
    deep = max(map(len, heads), default=1)
    heads = [[""] * (deep - len(head)) + head for head in heads]
    widths = [max(map(cell_len, [*head, *column])) for head, column in zip(heads, cells, strict=True)]

    def line(texts: Sequence[str], shown: Sequence[int]) -> str:
        return _GAP.join(
            " " * (widths[at] - cell_len(texts[at])) + texts[at]
            if figures[at]
            else set_cell_size(texts[at], widths[at])
            for at in shown
        )

    parts: list[str | tuple[str, str]] = []
    for shown in _blocks(widths, room):
        parts.append("\n\n" * bool(parts))
        if any(columns):
            parts.append(
                ("\n".join(line([head[row] for head in heads], shown) for row in range(deep)), "$foreground-muted")
            )
        for index, row in enumerate(text):
            parts.append("\n" * (index > 0 or any(columns)))
            parts.append((line(row, shown), "bold $text-primary") if index in strong else line(row, shown))
    return Content.assemble(*parts)


def _blocks(widths: Sequence[int], room: int) -> list[list[int]]:
    """Return the columns of each table by their index: as many as have room, the first one in each."""
    blocks: list[list[int]] = [[]]
    used = 0
    for at, width in enumerate(widths):
        if room and len(blocks[-1]) > 1 and used + width > room:
            blocks.append([0])
            used = widths[0] + len(_GAP)
        blocks[-1].append(at)
        used += width + len(_GAP)
    return blocks


def _column(values: Sequence[TableValue]) -> list[str]:
    """Return a column's formatted values, its fractions with the same digits."""
    figures = iter(format.column([value for value in values if isinstance(value, float) or value is None]))
    return [_format(value) if isinstance(value, str | int) else next(figures) for value in values]


def _format(value: str | int) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else printable(value)


def _head(name: str, width: int) -> list[str]:
    """Return a column's name, in two lines where its figures are narrower."""
    first, space, last = name.partition(" ")
    return [first, last] if space and cell_len(name) > width + 1 else [name]


def align(rows: Sequence[Sequence[Content]]) -> Content:
    """Return a table of styled cells: the first column to the left, the others to the right."""
    widths = [max(cell.cell_length for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        pads = [" " * (width - cell.cell_length) for cell, width in zip(row, widths, strict=True)]
        cells = [Content.assemble(pad, cell) for cell, pad in zip(row, pads, strict=True)]
        lines.append(Content(_GAP).join([Content.assemble(row[0], pads[0]), *cells[1:]]))
    return Content("\n").join(lines)


def flow(items: Sequence[Content], width: int) -> list[Content]:
    """Return lines of items beside one another, none of them broken over two lines."""
    lines: list[list[Content]] = [[]]
    used = 0
    for item in items:
        if lines[-1] and used + item.cell_length > width:
            lines.append([])
            used = 0
        lines[-1].append(item)
        used += item.cell_length + _ITEM_GAP
    return [Content(" " * _ITEM_GAP).join(line) for line in lines]


class Passage(VerticalScroll):
    """Text that scrolls; it is no markup. A text that depends on the room is given as a function of its cells."""

    def __init__(self, content: Passable = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._content = content
        self._room = 0  # cells of a line; 0: not known yet
        self.body = StaticText(self._rendered())

    def compose(self) -> ComposeResult:
        yield self.body

    def on_resize(self) -> None:
        # whether there is a scroll bar depends on the text: its column stays free, or the text would depend on the past
        before, self._room = self._room, self.content_region.width - self.styles.scrollbar_size_vertical
        if before != self._room and callable(self._content):
            self.body.update(self._rendered())

    def show(self, content: Passable) -> None:
        """Show another text."""
        self._content = content
        self.body.update(self._rendered())

    def _rendered(self) -> Content:
        content = self._content(self._room) if callable(self._content) else self._content
        return _plain(content)


def _plain(content: Content | str) -> Content:
    return content if isinstance(content, Content) else Content.assemble(content)
