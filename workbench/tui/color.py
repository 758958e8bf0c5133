"""What a theme's colours are where something is drawn by hand: charts, grids, cells of a table."""

from __future__ import annotations

from textual.app import App
from textual.color import Color, ColorParseError

from workbench.render.plot import Colour

_GREY, _BLACK, _WHITE = Color(128, 128, 128), Color(0, 0, 0), Color(255, 255, 255)
_FAINT = 0.5


def colour(app: App[object], name: str) -> Color:
    """A theme variable; grey where it is no colour by itself."""
    try:
        return Color.parse(app.theme_variables.get(name, ""))
    except ColorParseError:
        return _GREY


def ink(app: App[object], name: str, strength: float = 1.0) -> Colour:
    """A theme's colour for plotext, paled towards the background; of a terminal's own theme, one of its 16."""
    full = colour(app, name)
    if full.ansi is None:
        return colour(app, "surface").blend(full, strength).rgb
    return "bright_black" if strength < _FAINT else app.theme_variables[name].removeprefix("ansi_")


def words_on(ground: Color) -> Color:
    """Black or white, whichever is read better on a ground; one of them always is."""
    return max(_BLACK, _WHITE, key=lambda words: contrast(words, ground))


def contrast(one: Color, other: Color) -> float:
    """WCAG's contrast ratio, 1 to 21: 4.5 is asked of text, 7 of text for weak eyes."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(of: Color) -> float:
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in of.normalized)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
