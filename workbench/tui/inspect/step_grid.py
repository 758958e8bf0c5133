"""Widget of rows over the steps of a sequence: a heat map or a chart under its symbols, with a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from workbench.render.text import printable
from workbench.tui.color import CURVE_COLORS
from workbench.tui.inspect.ink import Ink
from workbench.tui.inspect.picture import Picture
from workbench.tui.inspect.step_rows import Cell, StepRows

_WIDEST, _LETTER = 12, 8  # cells of a column at most, and of one that holds a letter where there is room
_LABEL = 16  # cells of a label at most
_PINNED = (3, 5)  # rows of the chart above the others: few, and where there is room
_TALL = 16
_LINE, _MARK = "│", "▸"


class StepGrid(Widget, can_focus=True):
    """Columns are steps; they are scrolled so that the cursor's is seen, rows so that the chosen one is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", show=False),
        Binding("right", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "end(False)", show=False),
        Binding("end", "end(True)", show=False),
        Binding("up", "choose(-1)", show=False),
        Binding("down", "choose(1)", show=False),
        Binding("enter", "screen.follow", show=False),
    ]

    class Moved(Message):
        """The cursor was moved to another step, by a key or a click."""

        def __init__(self, step: int, grid: StepGrid | None = None) -> None:
            super().__init__()
            self.step = step
            self.grid = grid  # whose cursor it is; none: the text's

        @property
        def overtaken(self) -> bool:
            """The cursor has been moved on meanwhile: another message follows."""
            return self.grid is not None and self.step != self.grid.cursor

    class Chose(Message):
        """Another row was chosen."""

        def __init__(self, row: int) -> None:
            super().__init__()
            self.row = row

    class Scrolled(Message):
        """Other steps or rows may be seen."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.symbols: Sequence[str] = ()
        self.cursor, self.row = 0, 0
        self.zoom = 0  # columns twice or half as wide, so many times
        self._unit: int | None = None  # number of the chosen unit; none: the first row's
        self._picture: Picture | None = None
        self._rows: StepRows | None = None
        self._pinned: StepRows | None = None
        self._first, self._top = 0, 0  # the first step and row that are seen
        self._label, self._width = 0, 1  # cells of the labels, and of a column
        self._widest = 1  # cells of the widest symbol
        self.label_width, self._beside = 0, 0  # cells that the labels need, and that those of another grid do
        self._ink: Ink | None = None

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._restyle())

    def _restyle(self) -> None:
        self._ink = None
        self.refresh()

    @property
    def ink(self) -> Ink:
        """Styles of the present theme."""
        self._ink = self._ink or Ink(self.app)
        return self._ink

    def show(self, symbols: Sequence[str], picture: Picture) -> None:
        """Draw a picture over the steps of these symbols."""
        self.symbols, self._picture = symbols, picture
        self.cursor = max(0, min(self.cursor, len(symbols) - 1))
        self._lay_out()

    def on_resize(self) -> None:
        self._lay_out()

    def point(self, step: int) -> None:
        """Put the cursor on a step."""
        self.cursor = max(0, min(step, len(self.symbols) - 1))
        self._scroll()

    def align(self, label_width: int) -> None:
        """Leave as much room for the labels as another grid needs, so that the steps of both stand in line."""
        if label_width != self._beside:
            self._beside = label_width
            self._lay_out()

    def widen(self, by: int) -> None:
        """Draw the columns twice as wide, or half."""
        self.zoom = max(-4, min(4, self.zoom + by))
        self._lay_out()

    @property
    def chosen(self) -> int | None:
        """Number of the chosen unit; none where rows are no units."""
        rows = self._rows
        return rows.number(self.row) if rows and rows.choosable and self.row < len(rows.labels) else None

    def choose_number(self, number: int) -> None:
        """Choose a unit: its row stays the chosen one in whatever order they are drawn."""
        self._unit = number
        self._keep_unit()
        self._scroll()

    def _keep_unit(self) -> None:
        rows = self._rows
        if rows and rows.choosable:
            numbers = [rows.number(row) for row in range(len(rows.labels))]
            self.row = numbers.index(self._unit) if self._unit in numbers else min(self.row, len(numbers) - 1)

    def _lay_out(self) -> None:
        """Make the rows for the room there is, and the columns as wide as all steps have room, within bounds."""
        picture, (width, height) = self._picture, self.size
        if picture is None or picture.make is None or not self.symbols or height < 2:
            self._rows = self._pinned = None
            self.refresh()
            return
        pinned = _PINNED[height > _TALL] if picture.pinned and height > 2 * _PINNED[0] else 0
        self._pinned = picture.pinned(pinned) if picture.pinned and pinned else None
        self._rows = picture.make(max(1, height - 1 - pinned))
        self._keep_unit()
        labels = [*self._rows.labels, *(self._pinned.labels if self._pinned else [])]
        self.label_width = min(_LABEL, width // 4, max(map(cell_len, labels), default=0)) + 2
        self._label = max(self.label_width, self._beside)
        self._widest = widest = max(map(cell_len, self.symbols))
        least = max(self._rows.least, widest if widest <= 2 else 1)
        fit = (width - self._label) // len(self.symbols)
        natural = max(least, min(fit, max(_LETTER, min(widest + 1, _WIDEST))))
        self._width = max(least, min(2 * _WIDEST, natural * 2**self.zoom if self.zoom >= 0 else natural >> -self.zoom))
        self._scroll()

    @property
    def _columns(self) -> int:
        """Number of steps that are seen at once."""
        return max(1, (self.size.width - self._label) // self._width)

    @property
    def _lines(self) -> int:
        """Number of rows that are seen at once."""
        return max(1, self.size.height - 1 - (len(self._pinned.labels) if self._pinned else 0))

    def _scroll(self) -> None:
        """Scroll as far as needed to see the cursor's step and the chosen row."""
        steps, rows = len(self.symbols), len(self._rows.labels) if self._rows else 0
        self._first = max(0, min(self._first, self.cursor, steps - self._columns))
        self._first = max(self._first, self.cursor - self._columns + 1)
        self._top = max(0, min(self._top, self.row, rows - self._lines))
        self._top = max(self._top, self.row - self._lines + 1)
        self.refresh()
        self.post_message(self.Scrolled())

    @property
    def told(self) -> Content:
        """The steps and rows that are seen, and the meaning of colors and letters."""
        picture, steps = self._picture, len(self.symbols)
        if picture is None or self._rows is None:
            return Content("")
        seen = min(steps, self._first + self._columns)
        told = f"steps {self._first + 1}–{seen} of {steps:,}" if seen - self._first < steps else f"{steps:,} steps"
        rows = len(self._rows.labels)
        if self._rows.choosable and rows > self._lines:
            told += f" · rows {self._top + 1}–{min(rows, self._top + self._lines)} of {rows}"
        legend = [
            (f"{chr(ord('A') + index)} {name}  ", f"bold $text-{color}")
            for index, (name, color) in enumerate(zip(picture.legend, CURVE_COLORS, strict=False))
        ]
        signs = f"{self.ink.legend(*picture.signs)} · " if picture.signs else ""
        return Content.assemble(*legend, (f"{signs}{told}", "$foreground-muted"))

    def action_move(self, by: int) -> None:
        self._go(self.cursor + by)

    def action_page(self, by: int) -> None:
        self._go(self.cursor + by * max(1, self._columns - 1))

    def action_end(self, last: bool) -> None:
        self._go(len(self.symbols) - 1 if last else 0)

    def _go(self, step: int) -> None:
        step = max(0, min(step, len(self.symbols) - 1))
        if step != self.cursor and self.symbols:
            self.point(step)  # at once: the next key counts from here
            self.post_message(self.Moved(step, self))

    def action_choose(self, by: int) -> None:
        rows = self._rows
        if rows and rows.choosable:
            self._choose(self.row + by)

    def _choose(self, row: int) -> None:
        assert self._rows is not None
        row = max(0, min(row, len(self._rows.labels) - 1))
        if row != self.row:
            self.row, self._unit = row, self._rows.number(row)
            self._scroll()
            self.post_message(self.Chose(row))

    def on_click(self, event: Click) -> None:
        at = event.get_content_offset(self)
        if at is None or at.x < self._label or self._rows is None:
            return
        self._go(self._first + (at.x - self._label) // self._width)
        above = 1 + (len(self._pinned.labels) if self._pinned else 0)
        if at.y >= above and self._rows.choosable:
            self._choose(self._top + at.y - above)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        self._go(self.cursor + 3)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        self._go(self.cursor - 3)

    def render_line(self, y: int) -> Strip:
        width, ground = self.size.width, self.rich_style
        if self._rows is None or not self.symbols:
            return Strip.blank(width, ground)
        seen = range(self._first, min(len(self.symbols), self._first + self._columns))
        if y == 0:
            segments = [Segment(" " * self._label), *(self._head(step) for step in seen)]
        else:
            pinned = len(self._pinned.labels) if self._pinned else 0
            rows, row = (self._pinned, y - 1) if self._pinned and y <= pinned else (self._rows, y - 1 - pinned)
            row += self._top if rows is self._rows else 0
            if row >= len(rows.labels):
                return Strip.blank(width, ground)
            segments = [self._row_label(rows, row), *(self._cell(rows, row, step) for step in seen)]
        return Strip(segments).simplify().apply_style(ground).adjust_cell_length(width, ground)

    def _head(self, step: int) -> Segment:
        symbol = printable(self.symbols[step])
        here = step == self.cursor
        if self._width == 1 < self._widest:
            symbol = "▼" if here else " "
        gap = int(self._width > 2 and cell_len(symbol) >= self._width)
        text = set_cell_size(set_cell_size(symbol, self._width - gap), self._width)
        return Segment(text, self.ink.cursor if here else self.ink.muted)

    def _row_label(self, rows: StepRows, row: int) -> Segment:
        here = rows is self._rows and rows.choosable and row == self.row
        text = set_cell_size(rows.labels[row], self._label - 2)
        return Segment(f"{_MARK if here else ' '}{text} ", self.ink.here if here else self.ink.muted)

    def _cell(self, rows: StepRows, row: int, step: int) -> Segment:
        cell, width, here = rows.cell(row, step), self._width, step == self.cursor
        if cell.fill:
            once = cell.text.isalpha() and not self.ink.plain  # a letter on its color
            text = (cell.text * (width > 1)).ljust(width) if once else cell.text * width
            return Segment(text, self._own(cell, here))
        if cell.text:
            style = self.ink.words(cell.shade)
            return Segment(set_cell_size(cell.text, width), style + Style(bold=True, underline=True) if here else style)
        fill, style = self.ink.shade(cell.shade)
        if not here:
            return Segment(fill * width, style)
        middle = (width - 1) // 2
        return Segment(fill * middle + (_LINE if fill == " " else fill) + fill * (width - middle - 1), style)

    def _own(self, cell: Cell, here: bool) -> Style:
        lettered = cell.text.isascii() and cell.text.isalpha()
        style = self.ink.own(cell.color or 0, ground=lettered)
        if cell.turned:
            style += Style(reverse=True)
        return style + Style(bold=True, underline=lettered) if here else style
