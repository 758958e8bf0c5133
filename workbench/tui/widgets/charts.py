"""A chart of a few curves over the steps, drawn by plotext in braille dots."""

from __future__ import annotations

from typing import Any, NamedTuple

from rich.text import Text
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from workbench import plot
from workbench.metrics import measured
from workbench.plot import Line, Point, Window
from workbench.tui import glyphs
from workbench.tui.ink import ink
from workbench.tui.widgets.curve import Curve, thin

_REDRAW_SECONDS = 0.5
_SMALLEST = (16, 4)


class Level(NamedTuple):
    """A flat line to compare with."""

    name: str
    value: float


class Chart(Widget):
    """Curves and levels. Call ``changed`` when a curve grew: it is drawn again twice a second at most."""

    def __init__(self, title: str, curves: list[Curve], *, metric: str = "loss", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.title = title
        self._metric = metric  # of which the figures are
        self.curves = curves
        self.level: Level | None = None
        self._version = 0
        self._drawn: tuple[object, Text] = (None, Text())
        self._timer: Timer | None = None

    def on_mount(self) -> None:
        self._head()

    def changed(self) -> None:
        """Draw again soon."""
        self._version += 1
        if self._timer is None:
            self._timer = self.set_timer(_REDRAW_SECONDS, self._redraw)
            if self._version == 1:
                self.refresh()

    def render(self) -> Text:
        key = (self._version, self.size, self.app.theme, self.app.no_color)
        if self._drawn[0] != key:
            self._drawn = (key, self._draw())
        return self._drawn[1]

    def _redraw(self) -> None:
        self._timer = None
        self._head()
        self.refresh()

    def _head(self) -> None:
        """The names of the curves in their colours, and their last values."""
        named = [curve for curve in self.curves if not curve.faint]
        last = [f"{c.name} {measured(self._metric, c.points[-1][1])}" for c in named if c.points]
        parts: list[Content | str | tuple[str, str]]
        if len(named) == 1:
            parts = [(f"{named[0].name} {self.title}", f"bold $text-{named[0].colour}")]
        else:
            parts = [(self.title, "bold"), *(self._named(curve) for curve in named)]
        if self.level:
            parts.append((f"  ┄ {self.level.name}", "$foreground-muted"))
            last.append(f"┄ {measured(self._metric, self.level.value)}")
        self.border_title = Content.assemble(*parts)
        self.border_subtitle = Content.assemble(("   ".join(last), "$foreground-muted"))

    def _named(self, curve: Curve) -> tuple[str, str]:
        return f"  {glyphs.sign(self.app, self.curves.index(curve))} {curve.name}", f"bold $text-{curve.colour}"

    def _draw(self) -> Text:
        width, height = self.size
        shown = [(curve, thin(curve.points, max(1, width - 8))) for curve in self.curves if curve.points]
        if width < _SMALLEST[0] or height < _SMALLEST[1]:
            return Text("")
        if not shown:
            return Text("\n" * ((height - 1) // 2) + "nothing measured yet".center(width), style="dim")
        window = self._window([points for _, points in shown])
        lines = [
            Line(points, ink(self.app, curve.colour, 0.4 if curve.faint else 1.0), self._marker(curve))
            for curve, points in shown
        ]
        if self.level:
            across = [(x, self.level.value) for x in (window.left, window.right)]
            lines.insert(0, Line(across, ink(self.app, "foreground", 0.45), glyphs.level_marker(self.app)))
        drawn = plot.draw(lines, window, width, height, colour=ink(self.app, "foreground", 0.7))
        return Text.from_ansi(drawn, no_wrap=True)

    def _marker(self, curve: Curve) -> str:
        return glyphs.marker(self.app, self.curves.index(curve))

    def _window(self, series: list[list[Point]]) -> Window:
        """The stretch of both axes that holds every point, with a little room."""
        xs = [x for points in series for x, _ in points]
        ys = [y for points in series for _, y in points] + ([self.level.value] if self.level else [])
        left, right, low, high = min(xs), max(xs), min(ys), max(ys)
        room = max((high - low) * 0.05, abs(high) * 0.02) or 1.0
        return Window(
            0.0 if left < right / 4 or left == right else left,
            right or 1.0,
            low - room if low < 0 or low > room else 0.0,
            high + room,
        )
