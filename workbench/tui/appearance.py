"""How the application looks: its themes by what the terminal can show, and ASCII alone where that is asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence

from textual.app import App
from textual.filter import LineFilter, Monochrome, NoColor

from workbench.tui.glyphs import Ascii, ascii_only
from workbench.tui.themes import ANSI_DARK, ANSI_LIGHT, CONTRAST, DARK, LIGHT, NAMES, THEMES

_FEW = (None, "standard", "windows")  # Rich's names of terminals with 16 colours or fewer
_STEPS = (DARK.name, LIGHT.name, CONTRAST.name)
_STEPS_OF_FEW = (
    ANSI_DARK.name,
    ANSI_LIGHT.name,
    CONTRAST.name,
)  # the terminal's own colours, which a person has chosen


class Appearance(App[None]):
    """An application with themes that ``t`` steps through."""

    def __init__(self) -> None:
        super().__init__()
        for theme in THEMES:
            self.register_theme(theme)
        few = self.console.color_system in _FEW
        self._steps = _STEPS_OF_FEW if few else _STEPS
        if "TEXTUAL_THEME" not in os.environ:
            self.theme = self._steps[0]
        self.set_class(ascii_only(), "-ascii")
        self._ascii = Ascii(enabled=ascii_only())
        self._no_color = NoColor()

    def action_toggle_theme(self) -> None:
        """From dark to light to high contrast, and again."""
        at = self._steps.index(self.theme) if self.theme in self._steps else -1
        self.theme = self._steps[(at + 1) % len(self._steps)]

    def get_css_variables(self) -> dict[str, str]:
        """The theme's, ``$frame`` of borders, and ``$on-…``: words on the ground ``$…-muted``."""
        variables = super().get_css_variables()
        variables.setdefault("frame", f"{variables['foreground']} 25%")
        for name in NAMES:
            variables.setdefault(f"on-{name}", variables[f"text-{name}"])
        return variables

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every drawn line goes through: greys for NO_COLOR, none at all among a terminal's own colours."""
        greys = [
            self._no_color if isinstance(one, Monochrome) and self.native_ansi_color else one
            for one in super().get_line_filters()
        ]
        return [*greys, self._ascii] if self._ascii.enabled else greys
