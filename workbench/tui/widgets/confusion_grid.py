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
from workbench.render.confusion_grid import least_label_width
from workbench.tui.widgets import matrix
from workbench.tui.widgets.matrix import Displays, MatrixDisplay
from workbench.tui.widgets.shades import Shades

_LABEL = 11  # cells of a label at most
_LONG_LABELS = 100  # columns from which a matrix has room for longer labels
_HEAD = 6  # cells from which a column is headed by the beginning of its label
_WIDEST, _HIGHEST = 20, 5  # columns and lines of a cell at most


class ConfusionGrid(ScrollView, can_focus=True):
    """Matrix with true classes down and predicted classes across; labels and heads stay while the rest scrolls."""

    def __init__(self, view: Confusion, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._view = view
        self._display = MatrixDisplay([], [], [], [], [], [])
        self._ways: Displays = [lambda: self._display]
        self._heads: list[str] = []
        self._ground = Style.null()
        self._label, self._column, self._lines, self._pad = 0, 3, 1, 0  # widths in cells; lines of a row

    class Fitted(Message):
        """The matrix is drawn in another way: with other texts, as there is more or less room."""

    @property
    def note(self) -> str:
        """The reason why other texts are drawn than those asked for; empty where it is those."""
        return self._display.note

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._restyle())
        self._restyle()
        self.show(self._view)

    def show(self, view: Confusion) -> None:
        """Show a matrix as counts, in the order of its labels."""
        self._view = view
        self.show_display(matrix.matrix_displays(view, range(len(view.labels)), shares=False))

    def show_display(self, ways: Displays) -> None:
        """Show a prepared matrix: in the first way that fits, else in the first one, which scrolls."""
        self._ways = ways
        self._fit()
        self.refresh()

    def on_resize(self) -> None:
        self._fit()
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        self._ground = self.rich_style  # once for all lines: it is looked up along the widget's ancestors
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        width, classes = self.size.width, len(self._display.labels)
        row, line = divmod(y - 1 + round(self.scroll_y), self._lines)
        if y and row >= classes:
            return Strip.blank(width, self._ground)
        shift, room = round(self.scroll_x), self.scrollable_size.width - self._label - 1
        first = -(-shift // self._column)  # columns are shown whole: half a figure misleads
        seen = range(first, min(classes, (shift + room) // self._column))
        if y == 0:
            cells = [Segment(self._aligned(self._heads[place]), self._head_style(place)) for place in seen]
            unit = self._display.unit if cell_len(self._display.unit) <= self._label + 1 else self._display.unit[:1]
            label = Segment(set_cell_size(unit, self._label + 1), self._shades.muted if unit else None)
        else:
            cells = [self._cell(row, place, line) for place in seen]
            name = self._display.labels[row] if line == self._middle else ""
            label = Segment(set_cell_size(name, self._label) + " ", self._label_style(row))
        strip = Strip([label, Segment(" " * (first * self._column - shift)), *cells])
        return strip.apply_style(self._ground).adjust_cell_length(width, self._ground)

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
        """Choose the way to draw, and compute the widths: the longest figure and a space for a column."""
        width, note = self.size.width, self._display.note
        asked = self._ways[0]()
        widest = max(map(cell_len, asked.labels), default=0)
        least = least_label_width(asked.labels)
        ways = (way() for way in self._ways)
        fitting = (way for way in ways if least + 1 + len(way.labels) * _column_width(way) <= width)
        self._display = next(fitting, asked)
        classes, digits = len(self._display.labels), _longest(self._display)
        self._column, self._lines = _column_width(self._display), 1
        left = width - 1 - classes * self._column
        self._label = min(_LABEL if width < _LONG_LABELS else 2 * _LABEL, widest, left if left >= least else widest)
        self._use_room()
        self._pad = int(self._column > digits + 2)
        self._heads = self._column_heads()
        self.virtual_size = Size(self._label + 1 + classes * self._column, classes * self._lines + 1)
        if self._display.note != note:
            self.post_message(self.Fitted())

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

    def show_display(self, ways: Displays) -> None:
        classes = ways[0]().classes
        row, column = (classes.index(number) if number in classes else 0 for number in self.marked)
        self._at = (row, column)
        super().show_display(ways)
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


def _longest(display: MatrixDisplay) -> int:
    """Return the length of the longest figure."""
    return max((len(text) for row in display.texts for text in row), default=1)


def _column_width(display: MatrixDisplay) -> int:
    """Return the width at which figures that stand side by side do not run together."""
    return max(3, _longest(display) + 1)


def _scroll_offset(scroll: int, start: int, length: int, room: int) -> int:
    """Return the scroll offset at which a stretch of the axis is visible."""
    return min(start, max(scroll, start + length - room))
