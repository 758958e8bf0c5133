"""A view's curves over their common axis, drawn once a view and a size."""

from __future__ import annotations

from typing import Any

from rich.text import Text
from textual.content import Content

from tasks.views import Series
from workbench.render import plot
from workbench.render.format import plain
from workbench.tui import glyphs
from workbench.tui.color import curve_color, plot_color
from workbench.tui.widgets.static_plot import Drawing


class SeriesChart(Drawing):
    """Curves with gaps, their names above, what they mean below."""

    EMPTY = "there is no point to draw"

    def __init__(self, series: Series, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._series = series

    def on_mount(self) -> None:
        self._head()

    def show(self, series: Series) -> None:
        self._series = series
        self._head()
        self.renew()

    def _head(self) -> None:
        parts: list[Content | str | tuple[str, str]] = []
        for index, name in enumerate(self._series.curves):
            parts.append((f"{glyphs.sign(self.app, index)} {plain(name)}  ", f"bold $text-{curve_color(index)}"))
        self.border_title = Content.assemble(*parts)
        below = self._series.note or self._series.x_label
        self.border_subtitle = Content.assemble((plain(below), "$foreground-muted"))

    def draw(self, width: int, height: int) -> Text | None:
        window = plot.around(self._series)
        if window is None:
            return None
        lines = [
            plot.Line(points, plot_color(self.app, curve_color(index)), glyphs.marker(self.app, index))
            for index, name in enumerate(self._series.curves)
            for points in plot.segments(self._series, name)
        ]
        lines.reverse()  # the first curve is drawn over the others
        ticks = plot_color(self.app, "foreground", 0.7)
        drawn = plot.draw(lines, window, width, height, colour=ticks, x_label=self._series.x_label)
        return plot.text(drawn)
