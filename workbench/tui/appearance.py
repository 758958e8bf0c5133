"""Appearance of the application: themes that suit the terminal's colors, ASCII where it has nothing else, a gate."""

from __future__ import annotations

import os
from collections.abc import Sequence

from textual import constants
from textual.filter import LineFilter, Monochrome, NoColor
from textual.reactive import Initialize, Reactive
from textual.theme import BUILTIN_THEMES

from workbench.render.console import PrintableConsole
from workbench.render.text import printable_lines
from workbench.tui.ascii import AsciiFilter, ascii_only
from workbench.tui.gate import EncodingFilter, Gate
from workbench.tui.keys import KeyQueue
from workbench.tui.terminal import encoding
from workbench.tui.themes import ANSI_DARK, ANSI_LIGHT, CONTRAST, DARK, LIGHT, NAMES, THEMES

BUILTIN_THEMES.update({theme.name: theme for theme in THEMES})  # an application is born with one of these
WIDE, COMPACT = 110, 70  # columns from which panes and notes stand side by side, and from which nothing is cut short
TALL, MEDIUM = 32, 22  # rows from which everything is shown at once, and from which two charts have room
_THEME_VARIABLE = "TEXTUAL_THEME"  # an environment variable: the user's choice
_FEW_COLORS = (None, "standard", "windows")  # Rich's names of terminals with 16 colors or fewer
_RGB_THEMES = (DARK.name, LIGHT.name, CONTRAST.name)
_ANSI_THEMES = (ANSI_DARK.name, ANSI_LIGHT.name)  # the terminal's own colors, which its user has set


def _suitable_themes() -> tuple[str, ...]:
    """Return the themes that suit the terminal, the initial one first."""
    console = PrintableConsole(force_terminal=True, color_system=constants.COLOR_SYSTEM)
    return _ANSI_THEMES if console.color_system in _FEW_COLORS else _RGB_THEMES


class Appearance(KeyQueue):
    """An application with themes that ``t`` steps through."""

    theme: Reactive[str] = Reactive(Initialize(lambda _: os.environ.get(_THEME_VARIABLE) or _suitable_themes()[0]))

    def __init__(self) -> None:
        super().__init__()
        self.set_class(ascii_only(), "-ascii")
        self._gate = Gate()
        self._ascii = AsciiFilter(enabled=ascii_only())
        self._encoding = EncodingFilter(encoding())
        self._no_color = NoColor()

    def action_toggle_theme(self) -> None:
        """Step from dark to light to high contrast, and round again."""
        themes = _suitable_themes()
        index = themes.index(self.theme) if self.theme in themes else -1
        self.theme = themes[(index + 1) % len(themes)]

    def get_css_variables(self) -> dict[str, str]:
        """Return the theme's variables, ``$frame`` of borders, and ``$on-…``: text on the background ``$…-muted``."""
        variables = super().get_css_variables()
        variables.setdefault("frame", f"{variables['foreground']} 25%")
        for name in NAMES:
            variables.setdefault(f"on-{name}", variables[f"text-{name}"])
        return variables

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return the filters of every drawn line: greys for NO_COLOR, but no color among a terminal's own; the gate."""
        filters = [
            self._no_color if isinstance(line_filter, Monochrome) and self.native_ansi_color else line_filter
            for line_filter in super().get_line_filters()
        ]
        return [self._gate, *filters, self._ascii, self._encoding] if self._ascii.enabled else [self._gate, *filters]

    def copy_to_clipboard(self, text: str) -> None:
        """Copy text to the terminal's clipboard, without characters that a shell obeys when it is pasted there."""
        super().copy_to_clipboard(printable_lines(text))
