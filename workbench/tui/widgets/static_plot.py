"""A chart that is drawn once and shown until the size, the theme or what it shows is another."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from rich.text import Text
from textual.widget import Widget

_SMALLEST = (16, 4)  # columns and rows below which nothing could be read


class Drawing(Widget):
    """Holds what was drawn. Whoever shows something else says ``renew``."""

    EMPTY = "nothing to draw"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._drawn: tuple[object, Text] = (None, Text())

    def renew(self) -> None:
        self._drawn = (None, Text())
        self.refresh()

    def render(self) -> Text:
        # the colours themselves, which come a moment after a theme's name has changed: other ones are another dict
        key = (self.size, self.app.theme_variables, self.app.no_color)
        if self._drawn[0] != key:
            width, height = self.size
            drawn = Text() if width < _SMALLEST[0] or height < _SMALLEST[1] else self.draw(width, height)
            if drawn is None:
                drawn = Text("\n" * ((height - 1) // 2) + self.EMPTY.center(width), style="dim")
            self._drawn = (key, drawn)
        return self._drawn[1]

    @abstractmethod
    def draw(self, width: int, height: int) -> Text | None:
        """The chart in so many columns and rows; none where there is nothing in it."""
