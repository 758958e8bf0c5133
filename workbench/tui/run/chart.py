"""A chart of a few curves over the steps, drawn by plotext in braille dots."""

from __future__ import annotations

import math
from typing import Any, ClassVar, NamedTuple

from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from workbench.render import format, plot
from workbench.render.metrics import measured
from workbench.render.plot import Colour, Line, Point, Window
from workbench.tui import glyphs
from workbench.tui.color import plot_color
from workbench.tui.run.timeline import Timeline
from workbench.tui.run.view_range import Lens, edges, magnified
from workbench.tui.widgets.curve import Curve, Smoothed

_REDRAW_SECONDS = 0.5
_SMALLEST = (16, 4)
_EDGE = 8  # columns that the numbers beside a chart may take
_X_LABELS = {"step": "", "epoch": "epochs", "time": "seconds"}
_CURSOR, _MARK = "│", "┊"


class Level(NamedTuple):
    """A flat line to compare with."""

    name: str
    value: float


class Chart(Widget, can_focus=True):
    """Curves and a level. Call ``changed`` when a curve grew: it is drawn again twice a second at most.

    Args:
        metric: of which the figures are.
        logs: the lower the better, so that a logarithmic axis shows more.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "screen.chart('left')", show=False),
        Binding("right", "screen.chart('right')", show=False),
        Binding("shift+left", "screen.chart('far left')", show=False),
        Binding("shift+right", "screen.chart('far right')", show=False),
    ]

    def __init__(
        self,
        title: str,
        curves: list[Curve],
        *,
        metric: str = "loss",
        logs: bool = True,
        timeline: Timeline | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.title = title
        self._metric = metric
        self._logs = logs
        self._timeline = timeline or Timeline()
        self.curves = curves
        self.level: Level | None = None
        self.lens = Lens()
        self._version = 0
        self._drawn: tuple[object, list[Strip]] = (None, [])
        self._timer: Timer | None = None

    def on_mount(self) -> None:
        self._head()

    def on_resize(self) -> None:
        self._head()

    def changed(self) -> None:
        """Draw again soon."""
        self._version += 1
        if self._timer is None:
            self._timer = self.set_timer(_REDRAW_SECONDS, self._redraw)
            if self._version == 1:
                self.refresh()

    def look(self, lens: Lens) -> None:
        """Look at it otherwise, at once."""
        self.lens = lens
        self._head()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        # the colours themselves, which come a moment after a theme's name has changed: other ones are another dict
        key = (self._version, self.lens, self.size, self.app.theme_variables, self.app.no_color)
        if self._drawn[0] != key:
            width = self.size.width
            rows = [Strip(row.render(self.app.console)) for row in self._draw()]
            self._drawn = (key, [row.adjust_cell_length(width) for row in rows])
        drawn = self._drawn[1]
        row = drawn[y] if y < len(drawn) else Strip.blank(self.size.width)
        return row.apply_style(self.rich_style)

    @property
    def columns(self) -> int:
        """About as many as the curves have, beside the numbers."""
        return max(1, self.size.width - _EDGE)

    def _redraw(self) -> None:
        self._timer = None
        self._head()
        self.refresh()

    def _head(self) -> None:
        """The curves' names in their colours, how they are looked at, and their values: the last, or at the cursor."""
        room = self.size.width - 4
        full, brief = self._modes(brief=False), self._modes(brief=True)
        names, shorter = self._names(brief=False), self._names(brief=True)
        heads = [[*names, *full], [*shorter, *full], [*shorter, *brief], brief]
        self.border_title = _first_that_fits(heads, room)
        level = [(f"┄ {measured(self._metric, self.level.value)}", "$foreground-muted")] if self.level else []
        values, short = self._values(brief=False), self._values(brief=True)
        self.border_subtitle = _first_that_fits([[*values, *level], [*short, *level], short, short[-1:]], room)

    def _names(self, *, brief: bool) -> list[tuple[str, str]]:
        main = [curve for curve in self.curves if not curve.faint]
        if len(main) == 1:
            names = [(f"{main[0].name} {self.title}", f"bold $text-{main[0].colour}")]
        else:
            names = [(self.title, "bold"), *(self._named(curve, brief=brief) for curve in main)]
        return [*names, (f"┄ {self.level.name}", "$foreground-muted")] if self.level and not brief else names

    def _named(self, curve: Curve, *, brief: bool) -> tuple[str, str]:
        sign = glyphs.sign(self.app, self.curves.index(curve))
        return f"{sign} {curve.brief if brief else curve.name}", f"bold $text-{curve.colour}"

    def _modes(self, *, brief: bool) -> list[tuple[str, str]]:
        """In words, what is not as usual; and how smooth a curve is that is smoothed."""
        lens = self.lens
        found = []
        if any(isinstance(curve, Smoothed) for curve in self.curves):
            found.append(f"≈{lens.smoothing:g}" if brief else f"smoothing {lens.smoothing:g}")
        if lens.log and self._logs:
            found.append("log" if brief else "log y")
        if lens.axis != "step":
            found.append(f"x:{lens.axis}" if brief else f"x {lens.axis}")
        if lens.zoomed:
            found.append(f"{magnified(lens, self._timeline)}×" if brief else f"zoom {magnified(lens, self._timeline)}×")
        return [(word, "$text-secondary") for word in found]

    def _values(self, *, brief: bool) -> list[tuple[str, str]]:
        """The curves' last values; where a person points, those there, what was measured itself among them."""
        pointed = self.lens.cursor is not None
        place = math.inf if self.lens.cursor is None else self.lens.cursor
        found = []
        for curve in self.curves:
            at = curve.at(place, self.lens.smoothing)
            if pointed or (at and not curve.faint):
                value = measured(self._metric, at[1]) if at else "–"
                found.append((f"{curve.brief if brief else curve.name} {value}", "$foreground-muted"))
        return found

    def _draw(self) -> list[Text]:
        width, height = self.size
        if width < _SMALLEST[0] or height < _SMALLEST[1]:
            return []
        words = plot_color(self.app, "foreground", 0.7)
        top = [self._place(width)] if self.lens.cursor is not None else []
        left, right = self._edges()
        stretches = {
            curve: self._placed(curve.seen(left, right, self.columns, self.lens.smoothing))
            for curve in self.curves
            if not (curve.faint and self.lens.smoothing == 0)
        }
        window = self._window([points for points in stretches.values() if points], left, right)
        if window is None:
            said = "nothing measured yet" if not any(curve.at(math.inf) for curve in self.curves) else "nothing above 0"
            return [*[Text(" " * width)] * ((height - 1) // 2), Text(said.center(width), _style(words))]
        lines = [
            Line(points, plot_color(self.app, curve.colour, 0.4 if curve.faint else 1.0), self._marker(curve))
            for curve, points in stretches.items()
        ]
        behind = sum(curve.faint for curve in stretches)
        lines[behind:behind] = self._uprights(window)
        if self.level and (level := self._height(self.level.value)) is not None:
            across = [(window.left, level), (window.right, level)]
            lines.insert(0, Line(across, plot_color(self.app, "foreground", 0.45), glyphs.level_marker(self.app)))
        x_label = _X_LABELS[self.lens.axis]
        rows = plot.draw(lines, window, width, height - len(top), colour=words, x_label=x_label, log=self._log)
        return [*top, *rows]

    def _marker(self, curve: Curve) -> str:
        return glyphs.marker(self.app, self.curves.index(curve))

    def _edges(self) -> tuple[float, float]:
        """The first and the last place that are seen; all of curves that belong to no timeline."""
        left, right = edges(self.lens, self._timeline)
        ends = [end for curve in self.curves for end in curve.ends] if right <= left else []
        return (min(ends), max(ends)) if ends else (left, right)

    def _place(self, width: int) -> Text:
        """Where the cursor stands, in words."""
        step = self.lens.cursor or 0.0
        epoch, seconds = self._timeline.at("epoch", step), self._timeline.at("time", step)
        said = f"{_CURSOR} step {step:,.0f}   epoch {epoch:.2f}   after {format.duration(seconds)}"
        return Text(said[:width].ljust(width), _style(plot_color(self.app, "foreground")))

    def _uprights(self, window: Window) -> list[Line]:
        """The evaluation that is shown, and the cursor."""
        found = []
        for step, marker, colour in ((self.lens.mark, _MARK, "warning"), (self.lens.cursor, _CURSOR, "foreground")):
            if step is not None:
                x = self._timeline.at(self.lens.axis, step)
                found.append(Line([(x, window.low), (x, window.high)], plot_color(self.app, colour, 0.8), marker))
        return found

    @property
    def _log(self) -> bool:
        return self.lens.log and self._logs

    def _height(self, y: float) -> float | None:
        """A value's height; none has a logarithm that is not above zero."""
        if not self._log:
            return y
        return math.log10(y) if y > 0 else None

    def _placed(self, points: list[Point]) -> list[Point]:
        """Points as they are drawn: over the axis, and as logarithms where the height is one."""
        if self.lens.axis != "step":
            points = [(self._timeline.at(self.lens.axis, x), y) for x, y in points]
        return [(x, height) for x, y in points if (height := self._height(y)) is not None] if self._log else points

    def _window(self, series: list[list[Point]], left: float, right: float) -> Window | None:
        """The stretch of both axes that is seen: as high as what is drawn in it, with a little room."""
        if not series:
            return None
        left, right = (self._timeline.at(self.lens.axis, step) for step in (left, right))
        if right <= left:  # a single place
            left, right = min(left, 0.0), max(right, 1.0)
        level = None if self.level is None or self.lens.zoomed else self._height(self.level.value)
        ys = [y for points in series for x, y in points if left <= x <= right]
        ys = [*(ys or [y for points in series for _, y in points]), *([] if level is None else [level])]
        low, high = min(ys), max(ys)
        room = max((high - low) * 0.05, abs(high) * 0.02) or 1.0
        if self._log:
            return Window(left, right, low - room, high + room)
        return Window(left, right, low - room if low < 0 or low > room else 0.0, high + room)


def _style(colour: Colour) -> Style:
    if isinstance(colour, str):
        return Style(color=colour or None)
    return Style(color="#{:02x}{:02x}{:02x}".format(*colour))


def _first_that_fits(choices: list[list[tuple[str, str]]], room: int) -> Content:
    """The first of several wordings that has room, wide apart or close together; the last one if none has."""
    styled = [[Content.styled(*piece) for piece in pieces] for pieces in choices]
    contents = [Content(gap).join(pieces) for pieces in styled for gap in ("  ", " ")]
    return next((content for content in contents if content.cell_length <= room), contents[-1])
