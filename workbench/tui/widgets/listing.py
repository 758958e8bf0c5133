"""List of rows in columns, of which one is chosen. Only the rows that changed are drawn again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style as VisualStyle

StyledText = tuple[str, str]  # a text, and its style, such as ``bold $text-success``
_GAP = 2


class Column(NamedTuple):
    """A column: its heading, and its rank: low ranks are given room first."""

    name: str
    rank: int
    right: bool = False
    strong: bool = False


class Row(NamedTuple):
    """The texts of one row, in the order of the columns; its key identifies it."""

    key: str
    texts: tuple[StyledText, ...]


class Listing(ScrollView, can_focus=True):
    """Headings that stay, rows that scroll under them. The chosen row stays chosen wherever it moves."""

    DEFAULT_CSS = "Listing { overflow-x: hidden; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"listing--head", "listing--chosen"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", show=False),
        Binding("down", "step(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "choose(0)", show=False),
        Binding("end", "choose(-1)", show=False),
        Binding("enter", "open", show=False),
    ]

    class Chosen(Message):
        """Another row was chosen."""

    class Opened(Message):
        """The user pressed Enter on the chosen row, or clicked on it."""

    class HeadClicked(Message):
        """A column's heading was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._heads: Sequence[Column] = ()
        self._lines: Sequence[Row] = ()
        self._columns: list[tuple[int, int]] = []  # those for which there is room: index and width
        self._styles: dict[str, Style] = {}
        self._at = 0

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._styles.clear())

    @property
    def chosen(self) -> str:
        """The key of the chosen row; empty where there is none."""
        return self._lines[self._at].key if self._lines else ""

    def show(self, heads: Sequence[Column], lines: Sequence[Row]) -> None:
        """Show these rows."""
        before, chosen = self._lines, self.chosen
        same = heads == self._heads and len(before) == len(lines)
        self._heads, self._lines = heads, lines
        self._at = next(
            (y for y, line in enumerate(lines) if line.key == chosen), min(self._at, max(0, len(lines) - 1))
        )
        if self._fit() or not same:
            self.refresh()
        else:
            for y, (line, old) in enumerate(zip(lines, before, strict=True)):
                if line != old:
                    self.refresh_lines(y + 1, 1)
        if self.chosen != chosen:
            self.post_message(self.Chosen())
        if lines != before:
            self.call_after_refresh(self._keep_in_sight)

    def on_resize(self) -> None:
        self._fit()
        self._keep_in_sight()
        self.refresh()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        if at is None:
            return
        if at.y == 0:
            left = 0
            for index, width in self._columns:
                if left <= at.x < left + width + _GAP:
                    self.post_message(self.HeadClicked(index))
                left += width + _GAP
        elif (y := at.y - 1 + round(self.scroll_y)) < len(self._lines):
            if y == self._at:
                self.action_open()
            self._choose(y)

    def action_step(self, by: int) -> None:
        self._choose(self._at + by)

    def action_page(self, by: int) -> None:
        self._choose(self._at + by * max(1, self._room.height - 2))

    def action_choose(self, at: int) -> None:
        self._choose(at if at >= 0 else len(self._lines) - 1)

    def action_open(self) -> None:
        if self._lines:
            self.post_message(self.Opened())

    def _choose(self, at: int) -> None:
        at = max(0, min(at, len(self._lines) - 1))
        if at != self._at:
            before, self._at = self._at, at
            self.refresh_lines(before + 1, 1)
            self.refresh_lines(at + 1, 1)
            self._keep_in_sight()
            self.post_message(self.Chosen())

    def _keep_in_sight(self) -> None:
        top, deep = round(self.scroll_y), max(1, self._room.height - 1)
        target = min(self._at, max(top, self._at - deep + 1))
        if target != top:
            self.scroll_to(y=target, animate=False, force=True, immediate=True)

    @property
    def _room(self) -> Size:
        return self.scrollable_content_region.size

    def _fit(self) -> bool:
        """Choose the columns for which there is room; return whether anything moved."""
        widths = [
            max([cell_len(head.name), *(cell_len(line.texts[index][0]) for line in self._lines)])
            for index, head in enumerate(self._heads)
        ]
        fitting: list[int] = []
        room = self._room.width + _GAP
        for index in sorted(range(len(widths)), key=lambda index: self._heads[index].rank):
            if not fitting or widths[index] + _GAP <= room:  # one too wide leaves room to narrow ones after it
                fitting.append(index)
                room -= widths[index] + _GAP
        columns = [(index, widths[index]) for index in sorted(fitting)]
        size = Size(self._room.width, len(self._lines) + 1)
        moved = columns != self._columns or size != self.virtual_size
        self._columns, self.virtual_size = columns, size
        return moved

    def render_line(self, y: int) -> Strip:
        row = y - 1 + round(self.scroll_y)
        if y == 0:
            base = self.get_component_rich_style("listing--head")
            texts = [(head.name, "bold $foreground" if head.strong else "") for head in self._heads]
        elif row < len(self._lines):
            here = row == self._at
            base = self.get_component_rich_style("listing--chosen") if here else Style.null()
            texts = list(self._lines[row].texts)
        else:
            return Strip.blank(self.size.width, self.rich_style)
        pieces = []
        for index, width in self._columns:
            text, style = texts[index]
            text = " " * (width - cell_len(text)) + text if self._heads[index].right else set_cell_size(text, width)
            pieces += [Segment(text, self._style(style)), Segment(" " * _GAP)]
        ground = self.rich_style + base
        return Strip(pieces).apply_style(ground).adjust_cell_length(self.size.width, ground)

    def _style(self, words: str) -> Style:
        if words not in self._styles:
            self._styles[words] = (
                VisualStyle.parse(words, self.app.theme_variables).rich_style if words else Style.null()
            )
        return self._styles[words]
