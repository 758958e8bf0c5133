"""A task's views as Rich renderables; their text is never markup."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text as RichText

from tasks.base import Settings
from tasks.views import Confusion, Series, Table, TableValue, Text, View
from workbench.render.confusion_grid import PrintedConfusion
from workbench.render.format import column
from workbench.render.metrics import heading
from workbench.render.series_chart import PrintedSeries
from workbench.render.text import printable


def view(shown: View, settings: Settings | type[Settings] = Settings) -> RenderableType:
    """Return a task's view as a Rich renderable; its text is never markup.

    Args:
        settings: the task's, which declare the headings of columns that are metrics.
    """
    title = RichText(printable(shown.title), "bold")
    note = [RichText(printable(shown.note), "dim")] if shown.note and not isinstance(shown, Series) else []
    match shown:
        case Confusion():
            return Group(title, PrintedConfusion(shown), *note)
        case Table():
            return Group(title, _table(shown, settings), *note)
        case Text():
            return Group(title, RichText("\n".join(map(printable, shown.text.split("\n")))), *note)
        case Series():
            return Group(title, PrintedSeries(shown))


def _table(shown: Table, settings: Settings | type[Settings]) -> RichTable:
    """Return a table with texts aligned to the left, numbers to the right."""
    table = RichTable(box=SIMPLE_HEAD, pad_edge=False)
    columns = []
    for index, name in enumerate(shown.columns):
        cells = [row[index] if index < len(row) else None for row in shown.rows]
        words = any(isinstance(cell, str) for cell in cells)
        table.add_column(
            RichText(printable(heading(name, settings))), justify="left" if words or index == 0 else "right"
        )
        columns.append(_cells(cells))
    for texts in zip(*columns, strict=True):
        table.add_row(*map(RichText, texts))
    return table


def _cells(cells: Sequence[TableValue]) -> list[str]:
    """Return a column's cells as text, its fractions with the same number of digits."""
    figures = iter(column([cell for cell in cells if isinstance(cell, float) or cell is None]))
    return [next(figures) if isinstance(cell, float) or cell is None else printable(str(cell)) for cell in cells]
