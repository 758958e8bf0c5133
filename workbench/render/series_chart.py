"""A view's curves as a chart for Rich: in colour on a terminal, with letters of their own where there is none."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from tasks.views import Series
from workbench.render import plot
from workbench.render.text import printable

_COLOURS = ("blue", "red", "green", "magenta", "cyan", "yellow")
_PIPE_WIDTH, _HEIGHT = 100, 20


class Chart:
    """A series as a Rich renderable: its legend, its curves, no title."""

    def __init__(self, series: Series) -> None:
        self._series = series

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        series = self._series
        coloured = console.is_terminal and console.color_system is not None and not console.no_color
        width = min(options.max_width, 160) if console.is_terminal else _PIPE_WIDTH
        legend = Text()
        lines = []
        for index, name in enumerate(series.curves):
            colour = _COLOURS[index % len(_COLOURS)]
            mark = "━" if coloured else plot.LETTERS[index % len(plot.LETTERS)]
            legend.append(f"{mark} {printable(name)}   ", colour)
            marker = plot.BRAILLE if coloured else mark
            lines += [plot.Line(points, colour, marker) for points in plot.segments(series, name)]
        window = plot.around(series)
        if window is None:
            yield Text("There is no point to draw.", "dim")
            return
        yield legend
        lines.reverse()  # the first curve is drawn over the others
        drawn = plot.draw(lines, window, width, _HEIGHT, colour="default", x_label=series.x_label)
        yield plot.text(drawn)
        yield Text(printable(series.note or series.x_label).center(width).rstrip(), "dim")
