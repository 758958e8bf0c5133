"""Chart of a few curves over steps, epochs or time, drawn by plotext in braille dots."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, ClassVar

from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from workbench.render import format, plot
from workbench.render.curve import Curve, Smoothed
from workbench.render.plot import PlotColor, PlotCurve, PlotWindow, Point
from workbench.runs.figures import ReferenceLevel
from workbench.runs.timeline import Timeline
from workbench.tui import glyphs
from workbench.tui.color import plot_color
from workbench.tui.widgets.static_plot import SMALLEST
from workbench.tui.widgets.view_range import Positions, ViewRange, magnification, visible_steps

_REDRAW_SECONDS = 1.8  # between two drawings of a chart that grows: at every other look at a live run
_EDGE = 8  # columns for the numbers beside a chart
_X_LABELS = {"step": "", "epoch": "epochs", "time": "seconds"}
CURSOR, _MARK = "│", "┊"


class Chart(Widget, can_focus=True):
    """Curves and a reference level. Call ``changed`` when a curve grew: it is drawn again, every other second at most.

    Args:
        digits: of the figures, after the point.
        logs: a logarithmic y axis is offered, as for losses and errors.
        timeline: of the curves; a subclass whose curves have one each hands in what they share.
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
        digits: int = 4,
        logs: bool = True,
        timeline: Positions | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.title = title
        self._digits = digits
        self._logs = logs
        self._timeline: Positions = timeline or Timeline()
        self.curves = curves
        self.level: ReferenceLevel | None = None
        self.view = ViewRange()
        self._version = 0
        self._drawn: tuple[object, list[Strip]] = (None, [])
        self._timer: Timer | None = None

    def on_mount(self) -> None:
        self._set_titles()

    def on_resize(self) -> None:
        self._set_titles()

    def changed(self) -> None:
        """Draw again, at once or soon: the curves or the level have changed."""
        self._version += 1
        if self._timer is None:
            self._redraw()

    def show_curves(self, title: str, curves: list[Curve], *, digits: int, logs: bool) -> None:
        """Draw other curves."""
        self.title, self.curves, self._digits, self._logs = title, curves, digits, logs
        self._version += 1
        self._set_titles()
        self.refresh()

    def set_view(self, view: ViewRange) -> None:
        """Draw with another view, at once."""
        self.view = view
        self._set_titles()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        # the dict of colors, not the theme's name: the colors change a moment after the name
        key = (self._version, self.view, self.size, self.app.theme_variables, self.app.no_color)
        if self._drawn[0] != key:
            width = self.size.width
            rows, style = [Strip(row.render(self.app.console)) for row in self._draw()], self.rich_style
            self._drawn = (key, [row.adjust_cell_length(width).apply_style(style) for row in rows])
        drawn = self._drawn[1]
        return drawn[y] if y < len(drawn) else Strip.blank(self.size.width, self.rich_style)

    @property
    def columns(self) -> int:
        """Columns for the curves, beside the axis' numbers."""
        return max(1, self.size.width - _EDGE)

    def _redraw(self) -> None:
        self._timer = self.set_timer(_REDRAW_SECONDS, partial(self._redraw_changed, self._version))
        self._set_titles()
        self.refresh()

    def _redraw_changed(self, drawn: int) -> None:
        self._timer = None
        if self._version != drawn:
            self._redraw()

    def _set_titles(self) -> None:
        """Set the titles: names and view above, values below, as long as there is room."""
        room = self.size.width - 4
        full, brief = self._modes(brief=False), self._modes(brief=True)
        names, shorter = self._names(brief=False), self._names(brief=True)
        against = [(f"┄ {self.level.name}", "$foreground-muted")] if self.level else []
        heads = [[*names, *against, *full], [*shorter, *against, *full], [*shorter, *full], [*shorter, *brief], brief]
        self.border_title = first_that_fits(heads, room)
        level = [(f"┄ {format.number(self.level.value, self._digits)}", "$foreground-muted")] if self.level else []
        values, short = self._values(brief=False), self._values(brief=True)
        self.border_subtitle = first_that_fits([[*values, *level], [*short, *level], short, short[-1:]], room)

    def _names(self, *, brief: bool) -> list[tuple[str, str]]:
        main = [curve for curve in self.curves if not curve.faint]
        if len(main) == 1:
            return [(f"{main[0].name} {self.title}", f"bold $text-{main[0].color}")]
        return [(self.title, "bold"), *(self._curve_name(curve, brief=brief) for curve in main)]

    def _curve_name(self, curve: Curve, *, brief: bool) -> tuple[str, str]:
        sign = glyphs.sign(self.app, self.curves.index(curve))
        return f"{sign} {curve.brief if brief else curve.name}", f"bold $text-{curve.color}"

    def _modes(self, *, brief: bool) -> list[tuple[str, str]]:
        """Return the view's settings that differ from the default, and the smoothing, in words."""
        view = self.view
        modes = []
        if any(isinstance(curve, Smoothed) for curve in self.curves):
            modes.append(f"≈{view.smoothing:g}" if brief else f"smoothing {view.smoothing:g}")
        if view.log and self._logs:
            modes.append("log" if brief else "log y")
        if view.axis != "step":
            modes.append(f"x:{view.axis}" if brief else f"x {view.axis}")
        if view.zoomed:
            zoom = f"{magnification(view, self._timeline)}×"
            modes.append(zoom if brief else f"zoom {zoom}")
        return [(word, "$text-secondary") for word in modes]

    def _values(self, *, brief: bool) -> list[tuple[str, str]]:
        """Return the curves' last values; with a cursor those at its step, the unsmoothed ones too."""
        pointed = self.view.cursor is not None
        place = math.inf if self.view.cursor is None else self.view.cursor
        values = []
        for curve in self.curves:
            at = self._value_at(curve, place)
            if pointed or (at and not curve.faint):
                value = format.number(at[1], self._digits) if at else "–"
                values.append((f"{curve.brief if brief else curve.name} {value}", "$foreground-muted"))
        return values

    def _draw(self) -> list[Text]:
        width, height = self.size
        if width < SMALLEST[0] or height < SMALLEST[1]:
            return []
        axes = plot_color(self.app, "foreground", 0.7)
        top = [self._cursor_line(width)] if self.view.cursor is not None else []
        left, right = self._visible_steps()
        points_of = {
            curve: self._scaled(self._visible_points(curve, left, right))
            for curve in self.curves
            if not (curve.faint and self.view.smoothing == 0)
        }
        window = self._window([points for points in points_of.values() if points], left, right)
        if window is None:
            note = "nothing measured yet" if not any(curve.at(math.inf) for curve in self.curves) else "nothing above 0"
            return [*[Text(" " * width)] * ((height - 1) // 2), Text(note.center(width), _style(axes))]
        curves = [
            PlotCurve(points, plot_color(self.app, curve.color, 0.4 if curve.faint else 1.0), self._marker(curve))
            for curve, points in points_of.items()
        ]
        behind = sum(curve.faint for curve in points_of)
        curves[behind:behind] = self._vertical_lines(window)
        if self.level and (level := self._height(self.level.value)) is not None:
            across = [(window.left, level), (window.right, level)]
            curves.insert(0, PlotCurve(across, plot_color(self.app, "foreground", 0.45), glyphs.level_marker(self.app)))
        x_label = _X_LABELS[self.view.axis]
        curves += self._labels({curve: points for curve, points in points_of.items() if points}, window)
        rows = plot.draw(curves, window, width, height - len(top), color=axes, x_label=x_label, log=self._log)
        return [*top, *rows]

    def _visible_points(self, curve: Curve, left: float, right: float) -> list[Point]:
        """Return a curve between two positions, thinned and smoothed, over the axis."""
        points = curve.visible_points(left, right, self.columns, self.view.smoothing)
        axis = self.view.axis
        return points if axis == "step" else [(self._timeline.at(axis, x), y) for x, y in points]

    def _value_at(self, curve: Curve, position: float) -> Point | None:
        """Return the last point of a curve that is not after a position."""
        return curve.at(position, self.view.smoothing)

    def _labels(self, points_of: dict[Curve, list[Point]], window: PlotWindow) -> list[PlotCurve]:
        """Return what is drawn over the curves, given by their visible points in the axes' units."""
        return []

    def _marker(self, curve: Curve) -> str:
        return glyphs.marker(self.app, self.curves.index(curve))

    def _visible_steps(self) -> tuple[float, float]:
        """Return the first and the last visible step; the curves' ends where the timeline is empty."""
        left, right = visible_steps(self.view, self._timeline)
        ends = [end for curve in self.curves for end in curve.ends] if right <= left else []
        return (min(ends), max(ends)) if ends else (left, right)

    def _cursor_line(self, width: int) -> Text:
        """Return step, epoch and time of the cursor in words."""
        step = self.view.cursor or 0.0
        epoch, seconds = self._timeline.at("epoch", step), self._timeline.at("time", step)
        line = f"{CURSOR} step {step:,.0f}   epoch {epoch:.2f}   after {format.duration(seconds)}"
        return Text(line[:width].ljust(width), self._cursor_style())

    def _cursor_style(self) -> Style:
        return _style(plot_color(self.app, "foreground"))

    def _vertical_lines(self, window: PlotWindow) -> list[PlotCurve]:
        """Return vertical lines at the marked evaluation and at the cursor."""
        lines = []
        for step, marker, color in ((self.view.mark, _MARK, "warning"), (self.view.cursor, CURSOR, "foreground")):
            if step is not None:
                x = self._timeline.at(self.view.axis, step)
                lines.append(PlotCurve([(x, window.low), (x, window.high)], plot_color(self.app, color, 0.8), marker))
        return lines

    @property
    def _log(self) -> bool:
        return self.view.log and self._logs

    def _height(self, y: float) -> float | None:
        """Return a value's place on the y axis; ``None`` where a logarithm is needed and does not exist."""
        if not self._log:
            return y
        return math.log10(y) if y > 0 else None

    def _scaled(self, points: list[Point]) -> list[Point]:
        """Return points in the axes' units: logarithms of y on a logarithmic axis."""
        return [(x, height) for x, y in points if (height := self._height(y)) is not None] if self._log else points

    def _window(self, series: list[list[Point]], left: float, right: float) -> PlotWindow | None:
        """Return the visible range of both axes: as high as the points in it, with a margin."""
        if not series:
            return None
        left, right = (self._timeline.at(self.view.axis, step) for step in (left, right))
        if right <= left:  # a single step
            left, right = min(left, 0.0), max(right, 1.0)
        level = None if self.level is None or self.view.zoomed else self._height(self.level.value)
        ys = [y for points in series for x, y in points if left <= x <= right]
        ys = [*(ys or [y for points in series for _, y in points]), *([] if level is None else [level])]
        low, high = min(ys), max(ys)
        margin = max((high - low) * 0.05, abs(high) * 0.02) or 1.0
        if self._log:
            return PlotWindow(left, right, low - margin, high + margin)
        return PlotWindow(left, right, low - margin if low < 0 or low > margin else 0.0, high + margin)


def _style(color: PlotColor) -> Style:
    if isinstance(color, str):
        return Style(color=color or None)
    return Style(color="#{:02x}{:02x}{:02x}".format(*color))


def first_that_fits(choices: list[list[tuple[str, str]]], room: int) -> Content:
    """Return the first wording that has room, with wide or narrow gaps; the last one if none has."""
    styled = [[Content.styled(*piece) for piece in pieces] for pieces in choices]
    contents = [Content(gap).join(pieces) for pieces in styled for gap in ("  ", " ")]
    return next((content for content in contents if content.cell_length <= room), contents[-1])
