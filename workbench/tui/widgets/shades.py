"""Colors of a confusion matrix: blue where it is right or better, orange where it is wrong or worse.

Color-blind eyes tell the two apart. The styles are made once for each theme.
"""

from __future__ import annotations

from rich.style import Style
from textual.app import App
from textual.color import Color

from workbench.tui.color import theme_color, words_on

_FULL = {True: Color.parse("#0072B2"), False: Color.parse("#D55E00")}  # M. Okabe and K. Ito, Color Universal Design
_LEVELS = 10


def color_names(app: App[object]) -> tuple[str, str]:
    """Return the names of the colors of right and wrong; empty strings where there are none."""
    if app.no_color:
        return "", ""
    return ("cyan", "yellow") if app.native_ansi_color else ("blue", "orange")


class Shades:
    """Styles of a theme: of cells, labels and heads."""

    def __init__(self, app: App[object]) -> None:
        self._cells: dict[tuple[int, bool], Style] = {}
        if app.native_ansi_color:  # a gradient of theme colors would collapse to one
            self._use_terminal_colors()
        else:
            self._use_theme(app)

    def cell(self, strength: float, *, strong: bool) -> Style:
        """Return a cell's style.

        Args:
            strength: see ``MatrixDisplay``; 0 is no color.
            strong: bold, for the diagonal.
        """
        if not strength:
            return self.muted
        level = min(_LEVELS, max(1, round(abs(strength) * _LEVELS)))
        return self._cells[level if strength > 0 else -level, strong]

    def _use_theme(self, app: App[object]) -> None:
        ground, words = theme_color(app, "surface"), theme_color(app, "foreground")
        self.muted = Style(color=ground.blend(words, 0.7).rich_color)
        self.here = Style(color=words.rich_color, bold=True)
        self.cursor = Style(color=ground.rich_color, bgcolor=words.with_alpha(1).rich_color, bold=True)
        for level in range(1, _LEVELS + 1):
            for right, full in _FULL.items():
                back = ground.blend(full, 0.12 + 0.88 * level / _LEVELS)
                style = Style(color=words_on(back).rich_color, bgcolor=back.rich_color)
                for strong in (True, False):
                    self._cells[level if right else -level, strong] = style + Style(bold=strong)

    def _use_terminal_colors(self) -> None:
        """Use the terminal's own colors in three steps, the faintest without any, so that digits stay readable."""
        self.muted, self.here, self.cursor = Style(dim=True), Style(bold=True), Style(reverse=True, bold=True)
        for level in range(1, _LEVELS + 1):
            for sign, name in ((1, "cyan"), (-1, "yellow")):
                ground = f"bright_{name}" if level > 6 else name
                style = Style(color="black", bgcolor=ground) if level > 1 else Style()
                for strong in (True, False):
                    self._cells[sign * level, strong] = style + Style(bold=strong)
