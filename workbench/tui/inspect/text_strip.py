"""Widget of the text that is inspected: the cursor's symbol stands out, the others are shaded by a unit's value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.events import Click
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from workbench.render.text import printable
from workbench.tui.inspect.ink import Ink
from workbench.tui.inspect.step_grid import StepGrid
from workbench.tui.inspect.subject import spaced


class TextStrip(Widget):
    """A text in lines, as many as have room, scrolled so that the cursor's is seen."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._symbols: list[str] = []
        self._shades: Sequence[float] = ()
        self._cursor, self._first = 0, 0
        self._gap = ""
        self._lines: list[range] = []
        self._ink: Ink | None = None

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._restyle())

    def _restyle(self) -> None:
        self._ink = None
        self.refresh()

    def show(self, symbols: Sequence[str], shades: Sequence[float], cursor: int) -> None:
        """Show a text, its shades (−1 to 1, or none) and the cursor."""
        again = [*symbols] != self._symbols
        self._symbols, self._shades, self._cursor = [*symbols], shades, cursor
        self._gap = " " * spaced(self._symbols)
        if again:
            self._lay_out()
            self.refresh(layout=True)
        else:
            self._scroll()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._broken(width))

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        self._lines = self._broken(self.size.width)
        self._scroll()

    def _broken(self, width: int) -> list[range]:
        """Return the steps of each line."""
        lines, first, used = [], 0, 0
        for step, symbol in enumerate(self._symbols):
            wide = cell_len(printable(symbol)) + len(self._gap)
            if step > first and used + wide > width:
                lines.append(range(first, step))
                first, used = step, 0
            used += wide
        return [*lines, range(first, len(self._symbols))] if self._symbols else []

    def _scroll(self) -> None:
        line = next((number for number, steps in enumerate(self._lines) if self._cursor in steps), 0)
        height = max(1, self.size.height)
        self._first = max(0, min(self._first, line, len(self._lines) - height), line - height + 1)
        self.refresh()

    def on_click(self, event: Click) -> None:
        at = event.get_content_offset(self)
        line = self._first + at.y if at else -1
        if at is None or not 0 <= line < len(self._lines):
            return
        left = 0
        for step in self._lines[line]:
            left += cell_len(printable(self._symbols[step])) + len(self._gap)
            if at.x < left:
                self.post_message(StepGrid.Moved(step))
                return

    def render_line(self, y: int) -> Strip:
        width, line = self.size.width, self._first + y
        if line >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        self._ink = self._ink or Ink(self.app)
        segments = []
        for step in self._lines[line]:
            segments += [Segment(printable(self._symbols[step]), self._style(self._ink, step)), Segment(self._gap)]
        if sum(map(len, (segment.text for segment in segments))) > 2 * width:  # a word wider than the line
            segments = [Segment(set_cell_size(segments[0].text, width), segments[0].style)]
        return Strip(segments).apply_style(self.rich_style).adjust_cell_length(width, self.rich_style)

    def _style(self, ink: Ink, step: int) -> Style:
        if step == self._cursor:
            return ink.cursor
        shade = self._shades[step] if step < len(self._shades) else 0.0
        return ink.words(shade) if abs(shade) >= 0.05 else Style.null()
