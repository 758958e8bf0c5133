"""Base of charts that are drawn once and kept until their size, the theme or their data changes."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from rich.text import Text
from textual.widget import Widget

SMALLEST = (16, 4)  # columns and rows of a chart below which it is not readable


class StaticPlot(Widget):
    """Chart that keeps its last drawing. A subclass calls ``redraw`` when its data changes."""

    EMPTY = "nothing to draw"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._drawn: tuple[object, Text] = (None, Text())

    def redraw(self) -> None:
        """Draw anew."""
        self._drawn = (None, Text())
        self.refresh()

    def render(self) -> Text:
        # the dict of colors, not the theme's name: the colors change a moment after the name
        key = (self.size, self.app.theme_variables, self.app.no_color)
        if self._drawn[0] != key:
            width, height = self.size
            drawn = Text() if width < SMALLEST[0] or height < SMALLEST[1] else self.draw(width, height)
            if drawn is None:
                drawn = Text("\n" * ((height - 1) // 2) + self.EMPTY.center(width), style="dim")
            self._drawn = (key, drawn)
        return self._drawn[1]

    @abstractmethod
    def draw(self, width: int, height: int) -> Text | None:
        """Return the chart in ``height`` rows of ``width`` cells; ``None`` where there is nothing to draw."""
