"""A theme's colors for widgets that draw by hand: charts, matrices, cells of a table."""

from __future__ import annotations

from string import ascii_uppercase

from textual.app import App
from textual.color import Color, ColorParseError

from workbench.render.plot import Colour

# theme variables of curves told apart, by their index: a curve keeps its color when others come and go
CURVE_COLORS = ("primary", "accent", "success", "error", "secondary", "warning")
_GREY, _BLACK, _WHITE = Color(128, 128, 128), Color(0, 0, 0), Color(255, 255, 255)
_FAINT = 0.5


def curve_color(index: int) -> str:
    """Return the theme variable of the curve with this index."""
    return CURVE_COLORS[index % len(CURVE_COLORS)]


def letter_color(letter: str) -> str:
    """Return the theme variable of a marked run's letter, A to Z; that of text for any other mark."""
    return curve_color(ascii_uppercase.index(letter)) if letter in ascii_uppercase else "foreground"


def theme_color(app: App[object], name: str) -> Color:
    """Return the color of a theme variable; grey where its value is no color by itself."""
    try:
        return Color.parse(app.theme_variables.get(name, ""))
    except ColorParseError:
        return _GREY


def plot_color(app: App[object], name: str, strength: float = 1.0) -> Colour:
    """Return a theme variable's color for plotext, blended towards the background.

    Args:
        strength: 1 is the full color, 0 the background's; the 16 colors of a terminal's own theme are not blended.
    """
    full = theme_color(app, name)
    if full.ansi is None:
        return theme_color(app, "surface").blend(full, strength).rgb
    return "bright_black" if strength < _FAINT else app.theme_variables[name].removeprefix("ansi_")


def words_on(ground: Color) -> Color:
    """Return black or white, whichever has more contrast on a ground; one of them always has enough."""
    return max(_BLACK, _WHITE, key=lambda words: contrast(words, ground))


def contrast(one: Color, other: Color) -> float:
    """Return WCAG's contrast ratio of two colors, 1 to 21; 4.5 is required of text, 7 for low vision."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(of: Color) -> float:
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in of.normalized)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
