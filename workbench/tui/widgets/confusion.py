"""A confusion matrix: digits on the colour of their share of the row. Drawn line by line."""

from __future__ import annotations

from typing import Any

import msgspec
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.color import Color, ColorParseError
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tasks.views import Confusion
from workbench.grid import abbreviations
from workbench.tui.ink import words_on
from workbench.words import plain

_LABEL = 11
_SHADES = 10


class ConfusionGrid(ScrollView, can_focus=True):
    """Rows are what is true, columns what was predicted. Names and heads stay while the rest scrolls."""

    def __init__(self, view: Confusion, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._view = view
        self._totals: list[int] = []
        self._heads: list[str] = []
        self._column = 3
        self._shades: dict[tuple[bool, int], Style] = {}
        self._muted = Style(dim=True)

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._restyle())
        self._restyle()
        self.show(self._view)

    def show(self, view: Confusion) -> None:
        self._view = msgspec.structs.replace(view, labels=[plain(label) for label in view.labels])
        self._totals = [sum(row) for row in view.counts]
        self._heads = abbreviations(self._view.labels)
        self._fit()
        self.refresh()

    def on_resize(self) -> None:
        self._fit()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width, classes = self.size.width, len(self._view.labels)
        shift = round(self.scroll_x)
        row = y - 1 + round(self.scroll_y)
        if y == 0:
            cells = [Segment(_right(head, self._column), self._muted) for head in self._heads]
            label = Segment(_right("", self._label + 1))
        elif row < classes:
            cells = [self._cell(row, column) for column in range(classes)]
            label = Segment(set_cell_size(self._view.labels[row], self._label) + " ")
        else:
            return Strip.blank(width, self.rich_style)
        body = Strip(cells).crop(shift, shift + max(0, width - self._label - 1))
        return Strip([label, *body]).apply_style(self.rich_style).adjust_cell_length(width, self.rich_style)

    @property
    def _label(self) -> int:
        widest = max((cell_len(label) for label in self._view.labels), default=0)
        return min(_LABEL if self.size.width < 100 else 2 * _LABEL, widest)

    def _cell(self, row: int, column: int) -> Segment:
        count, total = self._view.counts[row][column], self._totals[row]
        right = row == column
        text = f"{count:>{self._column}}" if count or right else " " * self._column
        if not count or not total:
            return Segment(text, self._muted)
        shade = min(_SHADES, max(1, round(count / total * _SHADES)))
        return Segment(text, self._shades[right, shade])

    def _fit(self) -> None:
        """Columns as wide as the longest number and a space; as tight as three where room is short."""
        classes = len(self._view.labels)
        digits = max((len(str(count)) for row in self._view.counts for count in row), default=1)
        roomy = self._label + 1 + classes * (digits + 1) <= self.size.width
        self._column = max(3, digits + 1 if roomy or digits > 3 else digits)
        self.virtual_size = Size(self._label + 1 + classes * self._column, classes + 1)

    def _restyle(self) -> None:
        """The table of styles, made once for a theme."""
        variables = self.app.theme_variables

        def colour(name: str, otherwise: str) -> Color:
            try:
                return Color.parse(variables.get(name, otherwise))
            except ColorParseError:
                return Color.parse(otherwise)

        dark = self.app.current_theme.dark
        ground = colour("surface", "#1e1e1e" if dark else "#ffffff")
        self._muted = Style(color=ground.blend(colour("foreground", "white"), 0.7).rich_color)
        for right in (True, False):
            full = colour("success", "#4ebf71") if right else colour("error", "#ba3c5b")
            for shade in range(1, _SHADES + 1):
                back = ground.blend(full, 0.12 + 0.78 * shade / _SHADES)
                self._shades[right, shade] = Style(color=words_on(back).rich_color, bgcolor=back.rich_color, bold=right)
        if self.app.native_ansi_color:  # a gradient of theme colours would collapse to one
            for right, name in ((True, "green"), (False, "red")):
                for shade in range(1, _SHADES + 1):
                    bright = Style(color="black", bgcolor=f"bright_{name}") if shade > 6 else None
                    faint = Style(color=name) if shade < 2 else Style(color="black", bgcolor=name)
                    self._shades[right, shade] = bright or faint
        self.refresh()


def most_confused(view: Confusion, most: int) -> list[tuple[str, str, int, float]]:
    """The commonest errors: true class, what it was taken for, how often, and the share of its row."""
    errors = [
        (true, guess, count, count / sum(row))
        for true, row in zip(view.labels, view.counts, strict=False)
        for guess, count in zip(view.labels, row, strict=False)
        if count and true != guess
    ]
    return sorted(errors, key=lambda error: -error[2])[:most]


def _right(text: str, width: int) -> str:
    return " " * max(0, width - cell_len(text)) + text
