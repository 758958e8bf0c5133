"""A theme's colours for what is drawn by hand."""

from __future__ import annotations

from textual.app import App
from textual.color import Color, ColorParseError

from workbench.plot import Colour

_FAINT = 0.5


def paint(app: App[object], name: str, strength: float = 1.0) -> Colour:
    """A theme's colour, paled towards the background; where the terminal's own are used, one of its sixteen."""
    variables = app.theme_variables
    if app.native_ansi_color:  # they cannot be mixed
        return "bright_black" if strength < _FAINT else variables.get(name, "").removeprefix("ansi_")
    try:
        ground, full = (Color.parse(variables.get(key, "white")) for key in ("surface", name))
    except ColorParseError:
        return 128, 128, 128
    return ground.blend(full, strength).rgb
