"""How the application looks: its themes by what the terminal can show, and ASCII alone where that is asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rich.console import Console
from textual import constants
from textual.filter import LineFilter, Monochrome, NoColor
from textual.reactive import Initialize, Reactive
from textual.theme import BUILTIN_THEMES

from workbench.tui.glyphs import Ascii, ascii_only
from workbench.tui.key_queue import Ahead
from workbench.tui.themes import ANSI_DARK, ANSI_LIGHT, CONTRAST, DARK, LIGHT, NAMES, THEMES

BUILTIN_THEMES.update({theme.name: theme for theme in THEMES})  # an application is born with one of these
WIDE = 110  # columns from which there is room for notes beside what they are about
_CHOSEN = "TEXTUAL_THEME"  # by the person
_FEW = (None, "standard", "windows")  # Rich's names of terminals with 16 colours or fewer
_STEPS = (DARK.name, LIGHT.name, CONTRAST.name)
_STEPS_OF_FEW = (ANSI_DARK.name, ANSI_LIGHT.name)  # the terminal's own colours, which a person has set


def _steps() -> tuple[str, ...]:
    """The themes that suit the terminal, the first one to start with."""
    console = Console(force_terminal=True, color_system=constants.COLOR_SYSTEM)  # type: ignore[arg-type]
    return _STEPS_OF_FEW if console.color_system in _FEW else _STEPS


class Appearance(Ahead):
    """An application with themes that ``t`` steps through."""

    theme: Reactive[str] = Reactive(Initialize(lambda _: os.environ.get(_CHOSEN) or _steps()[0]))

    def __init__(self) -> None:
        super().__init__()
        self.set_class(ascii_only(), "-ascii")
        self._ascii = Ascii(enabled=ascii_only())
        self._no_color = NoColor()

    def action_toggle_theme(self) -> None:
        """From dark to light to high contrast, and again."""
        steps = _steps()
        at = steps.index(self.theme) if self.theme in steps else -1
        self.theme = steps[(at + 1) % len(steps)]

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
