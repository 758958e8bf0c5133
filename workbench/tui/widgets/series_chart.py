"""Chart of a view's curves over their common axis."""

from __future__ import annotations

from typing import Any

from rich.text import Text
from textual.content import Content

from tasks.views import Series
from workbench.render import plot
from workbench.render.plot import PlotColor
from workbench.render.text import printable
from workbench.tui import glyphs
from workbench.tui.color import curve_color, plot_color
from workbench.tui.widgets.static_plot import StaticPlot


class SeriesChart(StaticPlot):
    """Curves with gaps, their names above, the note or the axis' unit below."""

    EMPTY = "there is no point to draw"

    def __init__(self, series: Series, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._series = series

    def on_mount(self) -> None:
        self._set_titles()

    def show(self, series: Series) -> None:
        """Draw another series."""
        self._series = series
        self._set_titles()
        self.redraw()

    def _set_titles(self) -> None:
        names = [
            (f"{glyphs.sign(self.app, index)} {printable(name)}  ", f"bold $text-{curve_color(index)}")
            for index, name in enumerate(self._series.curves)
        ]
        self.border_title = Content.assemble(*names)
        below = self._series.note or self._series.x_label
        self.border_subtitle = Content.assemble((printable(below), "$foreground-muted"))

    def draw(self, width: int, height: int) -> Text | None:
        window = plot.series_window(self._series)
        if window is None:
            return None
        curves = plot.series_curves(self._series, self._style)
        axes = plot_color(self.app, "foreground", 0.7)
        return plot.text(plot.draw(curves, window, width, height, color=axes, x_label=self._series.x_label))

    def _style(self, index: int) -> tuple[PlotColor, str]:
        return plot_color(self.app, curve_color(index)), glyphs.marker(self.app, index)
