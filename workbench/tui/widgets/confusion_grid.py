"""Widgets of a confusion matrix: figures on the color of their share of the row, drawn line by line."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tasks.views import Confusion
from workbench.tui.widgets import matrix
from workbench.tui.widgets.matrix import MatrixDisplay
from workbench.tui.widgets.shades import Shades

_LABEL, _SHORT_LABEL = 11, 7
_LONG_LABELS = 100  # columns from which a matrix has room for longer labels
_HEAD = 6  # cells from which a column is headed by the beginning of its label
_WIDEST, _HIGHEST = 20, 5  # columns and lines of a cell at most


class ConfusionGrid(ScrollView, can_focus=True):
    """Matrix with true classes down and predicted classes across; labels and heads stay while the rest scrolls."""

    def __init__(self, view: Confusion, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._view = view
        self._display = MatrixDisplay([], [], [], [], [], [])
        self._heads: list[str] = []
        self._label, self._column, self._lines, self._pad = 0, 3, 1, 0  # widths in cells; lines of a row

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._restyle())
        self._restyle()
        self.show(self._view)

    def show(self, view: Confusion) -> None:
        """Show a matrix as counts, in the order of its labels."""
        self._view = view
        self.show_display(matrix.matrix_display(view, range(len(view.labels)), shares=False))

    def show_display(self, display: MatrixDisplay) -> None:
        """Show a prepared matrix."""
        self._display = display
        self._fit()
        self.refresh()

    def on_resize(self) -> None:
        self._fit()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width, classes = self.size.width, len(self._display.labels)
        row, line = divmod(y - 1 + round(self.scroll_y), self._lines)
        if y and row >= classes:
            return Strip.blank(width, self.rich_style)
        shift, room = round(self.scroll_x), self.scrollable_size.width - self._label - 1
        first = -(-shift // self._column)  # columns are shown whole: half a figure misleads
        seen = range(first, min(classes, (shift + room) // self._column))
        if y == 0:
            cells = [Segment(self._aligned(self._heads[place]), self._head_style(place)) for place in seen]
            label = Segment(" " * (self._label + 1))
        else:
            cells = [self._cell(row, place, line) for place in seen]
            name = self._display.labels[row] if line == self._middle else ""
            label = Segment(set_cell_size(name, self._label) + " ", self._label_style(row))
        strip = Strip([label, Segment(" " * (first * self._column - shift)), *cells])
        return strip.apply_style(self.rich_style).adjust_cell_length(width, self.rich_style)

    def _head_style(self, place: int) -> Style:
        return self._shades.muted

    def _label_style(self, place: int) -> Style:
        return Style.null()

    def _cell_style(self, row: int, column: int) -> Style:
        return self._shades.cell(self._display.strengths[row][column], strong=row == column)

    @property
    def _middle(self) -> int:
        """Line of a cell that holds its figure."""
        return (self._lines - 1) // 2

    def _cell(self, row: int, column: int, line: int) -> Segment:
        text = ""
        if line == self._middle:
            text = self._display.texts[row][column]
        elif line == self._middle + 1 and self._lines > 1:
            text = self._display.second_lines[row][column]
        return Segment(self._aligned(text), self._cell_style(row, column))

    def _aligned(self, text: str) -> str:
        """Return a text aligned to the right of its column, cut where it is too long."""
        cut = set_cell_size(text, self._column) if cell_len(text) > self._column else text
        room = self._column - cell_len(cut)
        return " " * (room - min(self._pad, room)) + cut + " " * min(self._pad, room)

    def _fit(self) -> None:
        """Compute the widths: the longest figure and a space for a column, three cells where room is short."""
        classes, width = len(self._display.labels), self.size.width
        digits = max((len(text) for row in self._display.texts for text in row), default=1)
        widest = max(map(cell_len, self._display.labels), default=0)
        label = min(_LABEL if width < _LONG_LABELS else 2 * _LABEL, widest)
        roomy = label + 1 + classes * (digits + 1) <= width
        self._column, self._lines = max(3, digits + 1 if roomy or digits > 3 else digits), 1
        left = width - 1 - classes * self._column
        self._label = left if _SHORT_LABEL <= left < label else label
        self._use_room()
        self._pad = int(self._column > digits + 2)
        self._heads = self._column_heads()
        self.virtual_size = Size(self._label + 1 + classes * self._column, classes * self._lines + 1)

    def _use_room(self) -> None:
        """Enlarge the cells where there is more room than needed; this class leaves them as they are."""

    def _column_heads(self) -> list[str]:
        """Return a head for each column: its label, else the label's beginning, else two letters."""
        room = self._column - 1
        cut = [label if cell_len(label) <= room else set_cell_size(label, room) for label in self._display.labels]
        return cut if room >= _HEAD - 1 and len({*cut}) == len(cut) else self._display.short

    def _restyle(self) -> None:
        self._shades = Shades(self.app)
        self.refresh()


class CellGrid(ConfusionGrid):
    """Matrix with one marked cell, moved by arrow keys or a click; its cells grow where there is room."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1, 0)", show=False),
        Binding("down", "move(1, 0)", show=False),
        Binding("left", "move(0, -1)", show=False),
        Binding("right", "move(0, 1)", show=False),
    ]

    class Moved(Message):
        """Another cell is marked."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Confusion(title="", labels=[], counts=[]), **kwargs)
        self.marked = (0, 0)  # true and predicted class, whatever the order
        self._at = (0, 0)  # their positions

    def show_display(self, display: MatrixDisplay) -> None:
        row, column = (display.classes.index(number) if number in display.classes else 0 for number in self.marked)
        self._at = (row, column)
        super().show_display(display)
        self._scroll_to_mark()

    def on_resize(self) -> None:
        super().on_resize()
        self._scroll_to_mark()

    def action_move(self, down: int, right: int) -> None:
        row, column = self._at
        self._mark(row + down, column + right)

    def on_click(self, event: Click) -> None:
        row = (event.y - 1 + round(self.scroll_y)) // self._lines
        column = (event.x - self._label - 1 + round(self.scroll_x)) // self._column
        if event.y > 0 and event.x > self._label:
            self._mark(row, column)

    def _mark(self, row: int, column: int) -> None:
        classes = self._display.classes
        if not (0 <= row < len(classes) and 0 <= column < len(classes)):
            return
        for at in (self._at[0], row):
            self.refresh(Region(0, 1 + at * self._lines - round(self.scroll_y), self.size.width, self._lines))
        self.refresh(Region(0, 0, self.size.width, 1))
        self._at, self.marked = (row, column), (classes[row], classes[column])
        self._scroll_to_mark()
        self.post_message(self.Moved())

    def _scroll_to_mark(self) -> None:
        """Scroll as far as needed to show the marked cell."""
        (row, column), (width, height) = self._at, self.scrollable_size
        self.scroll_to(
            _scroll_offset(round(self.scroll_x), column * self._column, self._column, width - self._label - 1),
            _scroll_offset(round(self.scroll_y), row * self._lines, self._lines, height - 1),
            animate=False,
        )

    def _head_style(self, place: int) -> Style:
        return self._shades.here if place == self._at[1] else super()._head_style(place)

    def _label_style(self, place: int) -> Style:
        return self._shades.here if place == self._at[0] else super()._label_style(place)

    def _cell_style(self, row: int, column: int) -> Style:
        return self._shades.cursor if (row, column) == self._at else super()._cell_style(row, column)

    def _use_room(self) -> None:
        classes, (width, height) = len(self._display.labels), self.size
        if not classes:
            return
        texts = [text for rows in (self._display.texts, self._display.second_lines) for row in rows for text in row]
        widest = max(map(cell_len, [*texts, *self._display.labels])) + 6
        self._column = max(self._column, min(widest, _WIDEST, (width - self._label - 1) // classes))
        if self._column > max(map(len, texts)):
            self._lines = max(1, min(_HIGHEST, (height - 1) // classes))


def _scroll_offset(scroll: int, start: int, length: int, room: int) -> int:
    """Return the scroll offset at which a stretch of the axis is visible."""
    return min(start, max(scroll, start + length - room))
