"""Theme colors for what is drawn by hand (charts, grids), and markers where colors tell no curves apart."""

from __future__ import annotations

from string import ascii_uppercase

from textual.app import App
from textual.color import Color, ColorParseError

from workbench.render import plot
from workbench.render.plot import Colour
from workbench.tui.ascii import ascii_only

_CURVE_COLORS = ("primary", "accent", "success", "error", "secondary", "warning")  # theme variables, by place
_GREY, _BLACK, _WHITE = Color(128, 128, 128), Color(0, 0, 0), Color(255, 255, 255)
_FAINT = 0.5


def theme_color(app: App[object], name: str) -> Color:
    """Return a theme variable's color; grey where it is no color by itself."""
    try:
        return Color.parse(app.theme_variables.get(name, ""))
    except ColorParseError:
        return _GREY


def chart_color(app: App[object], name: str, strength: float = 1.0) -> Colour:
    """Return a theme variable's color for plotext: RGB, or of a terminal's own theme the name of one of its 16.

    Args:
        strength: 1.0 is the full color, less is paled towards the background.
    """
    full = theme_color(app, name)
    if full.ansi is None:
        return theme_color(app, "surface").blend(full, strength).rgb
    return "bright_black" if strength < _FAINT else app.theme_variables[name].removeprefix("ansi_")


def curve_color(index: int) -> str:
    """Return the theme variable of a curve's color; it depends on the curve's place alone."""
    return _CURVE_COLORS[index % len(_CURVE_COLORS)]


def run_color(letter: str) -> str:
    """Return the theme variable of the color that belongs to a marked run's letter."""
    return curve_color(ascii_uppercase.index(letter)) if letter in ascii_uppercase else "foreground"


def text_color_on(background: Color) -> Color:
    """Return black or white, whichever has more contrast to a background: one of them is always readable."""
    return max(_BLACK, _WHITE, key=lambda color: contrast(color, background))


def contrast(one: Color, other: Color) -> float:
    """Contrast ratio of WCAG 2, 1 to 21: text needs 4.5, text for weak eyes 7."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(of: Color) -> float:
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in of.normalized)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def uses_letters(app: App[object]) -> bool:
    """Return whether curves are drawn with letters, as neither colors nor fine dots tell them apart."""
    return app.no_color or ascii_only()


def curve_marker(app: App[object], curve: int) -> str:
    """Return plotext's marker of a chart's curve: fine dots, or the curve's own letter."""
    return plot.LETTERS[curve % len(plot.LETTERS)] if uses_letters(app) else plot.BRAILLE


def curve_sign(app: App[object], curve: int) -> str:
    """Return the sign that stands for a curve beside its name."""
    return curve_marker(app, curve) if uses_letters(app) else "━"


def level_marker(app: App[object]) -> str:
    """Return plotext's marker of a level line, such as a baseline's result."""
    return "┄" if uses_letters(app) else plot.BRAILLE
