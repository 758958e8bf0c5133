"""Chart of a view's curves for Rich: in color on a terminal, with a letter for each curve in a pipe."""

from __future__ import annotations

from functools import partial

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from tasks.views import Series
from workbench.render import plot
from workbench.render.text import printable

_COLORS = ("blue", "red", "green", "magenta", "cyan", "yellow")
_PIPE_WIDTH, _TERMINAL_WIDTH, HEIGHT = 100, 160, 20  # cells; on a terminal at most


class PrintedSeries:
    """A series as a Rich renderable: legend, curves and note, no title."""

    def __init__(self, series: Series) -> None:
        self._series = series

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        series = self._series
        window = plot.series_window(series)
        if window is None:
            yield Text("There is no point to draw.", "dim")
            return
        colored = in_color(console)
        style = partial(curve_style, colored=colored)
        legend = Text()
        for index, name in enumerate(series.curves):
            color, marker = style(index)
            legend.append(f"{'━' if colored else marker} {printable(name)}   ", color)
        yield legend
        width = chart_width(console, options)
        curves = plot.series_curves(series, style)
        yield plot.text(plot.draw(curves, window, width, HEIGHT, color="default", x_label=series.x_label))
        yield Text(printable(series.note or series.x_label).center(width).rstrip(), "dim")


def in_color(console: Console) -> bool:
    """Return whether colors tell curves apart."""
    return console.is_terminal and console.color_system is not None and not console.no_color


def chart_width(console: Console, options: ConsoleOptions) -> int:
    """Return the cells of a chart's width: those of the terminal, up to a limit, and as many in every pipe."""
    return min(options.max_width, _TERMINAL_WIDTH) if console.is_terminal else _PIPE_WIDTH


def curve_style(index: int, *, colored: bool) -> tuple[str, str]:
    """Return a curve's color and its marker: braille dots in color, else a letter."""
    marker = plot.BRAILLE if colored else plot.LETTERS[index % len(plot.LETTERS)]
    return _COLORS[index % len(_COLORS)], marker
