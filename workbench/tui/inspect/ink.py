"""Styles of the cells of a heat map: colors of a shade, or characters where there are none."""

from __future__ import annotations

from rich.style import Style
from textual.app import App
from textual.color import Color

from workbench.tui.ascii import ascii_only
from workbench.tui.color import CURVE_COLORS, curve_color, theme_color, words_on
from workbench.tui.widgets.shades import Shades, color_names

_ABOVE, _BELOW = " ░▒▓█", " -~=#"  # characters of a shade without color


class Ink:
    """Styles of one theme."""

    def __init__(self, app: App[object]) -> None:
        self._shades = Shades(app)
        self.plain = app.no_color or ascii_only() or app.native_ansi_color
        self._names = color_names(app)
        self._own: list[tuple[Style, Style]] = []  # of each own color, as words and as ground
        for index in range(len(CURVE_COLORS)):
            color = theme_color(app, curve_color(index))
            self._own.append((Style(color=color.rich_color), _ground(color)))
        self.here, self.muted, self.cursor = self._shades.here, self._shades.muted, self._shades.cursor

    def legend(self, above: str, below: str) -> str:
        """Return what the colors or characters of a positive and of a negative shade stand for."""
        names = (_ABOVE[1:], _BELOW[1:]) if self.plain else self._names
        return f"{names[0]} {above}, {names[1]} {below}"

    def shade(self, strength: float) -> tuple[str, Style]:
        """Return the character that fills a cell of a shade, −1 to 1, and its style."""
        strength = max(-1.0, min(1.0, strength))
        if self.plain:
            ramp = _ABOVE if strength >= 0 else _BELOW
            return ramp[round(abs(strength) * (len(ramp) - 1))], self.here if abs(strength) > 0.5 else self.muted
        return (" ", self._shades.cell(strength, strong=False)) if abs(strength) >= 0.05 else (" ", Style.null())

    def words(self, strength: float) -> Style:
        """Return the style of words on a shade."""
        if not self.plain:
            return self.shade(strength)[1]
        return Style(bold=strength > 0.33, reverse=strength > 0.66, underline=strength < -0.33)

    def own(self, index: int, *, ground: bool = False) -> Style:
        """Return the style of an own color, for words or as their ground."""
        words, filled = self._own[index % len(self._own)]
        return filled if ground and not self.plain else words


def _ground(color: Color) -> Style:
    words = words_on(color) if color.ansi is None else Color(0, 0, 0)
    return Style(color=words.rich_color, bgcolor=color.rich_color)
