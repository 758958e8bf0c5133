"""The colours of a confusion matrix: blue where it is right or better, orange where it is wrong or worse.

The two are told apart by eyes that confuse red and green. A table of styles, made once for a theme.
"""

from __future__ import annotations

from rich.style import Style
from textual.app import App
from textual.color import Color

from workbench.tui.color import theme_color, words_on

_FULL = {True: Color.parse("#0072B2"), False: Color.parse("#D55E00")}  # M. Okabe and K. Ito, Color Universal Design
_LEVELS = 10


def names(app: App[object]) -> tuple[str, str]:
    """What the colours of right and wrong are called; empty where there are none."""
    if app.no_color:
        return "", ""
    return ("cyan", "yellow") if app.native_ansi_color else ("blue", "orange")


class Shades:
    """Styles for a theme: of cells, and of what stands around them."""

    def __init__(self, app: App[object]) -> None:
        self._cells: dict[tuple[int, bool], Style] = {}
        if app.native_ansi_color:  # a gradient of theme colours would collapse to one
            self._of_sixteen()
        else:
            self._of_theme(app)

    def cell(self, strength: float, *, strong: bool) -> Style:
        """A cell's style.

        Args:
            strength: see ``Face``; 0 is no colour.
            strong: in bold, as the diagonal is.
        """
        if not strength:
            return self.muted
        level = min(_LEVELS, max(1, round(abs(strength) * _LEVELS)))
        return self._cells[level if strength > 0 else -level, strong]

    def _of_theme(self, app: App[object]) -> None:
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

    def _of_sixteen(self) -> None:
        """The terminal's own colours: three steps, the faintest one without any, so that digits stay readable."""
        self.muted, self.here, self.cursor = Style(dim=True), Style(bold=True), Style(reverse=True, bold=True)
        for level in range(1, _LEVELS + 1):
            for sign, name in ((1, "cyan"), (-1, "yellow")):
                ground = f"bright_{name}" if level > 6 else name
                style = Style(color="black", bgcolor=ground) if level > 1 else Style()
                for strong in (True, False):
                    self._cells[sign * level, strong] = style + Style(bold=strong)
