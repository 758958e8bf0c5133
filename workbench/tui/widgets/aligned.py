"""Cells with styles of their own, in columns or flowing over lines."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

_GAP = 2


def aligned(rows: Sequence[Sequence[Content]]) -> Content:
    """A table: the first column to the left, the others to the right."""
    widths = [max(cell.cell_length for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        pads = [" " * (width - cell.cell_length) for cell, width in zip(row, widths, strict=True)]
        cells = [Content.assemble(pad, cell) for cell, pad in zip(row, pads, strict=True)]
        lines.append(Content(" " * _GAP).join([Content.assemble(row[0], pads[0]), *cells[1:]]))
    return Content("\n").join(lines)


def flowing(items: Sequence[Content], width: int) -> list[Content]:
    """Lines of items beside one another, none broken over two."""
    lines: list[list[Content]] = [[]]
    used = 0
    for item in items:
        if lines[-1] and used + item.cell_length > width:
            lines.append([])
            used = 0
        lines[-1].append(item)
        used += item.cell_length + _GAP + 1
    return [Content(" " * (_GAP + 1)).join(line) for line in lines]
