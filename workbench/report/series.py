"""Forecast of a window against the truth and the baselines."""

from __future__ import annotations

import math

from matplotlib.figure import Figure

from tasks.views import Series
from workbench.render.text import printable
from workbench.report.theme import Theme, color, legend_label, make_figure, panels, set_title
from workbench.report.words import Language, say

_HEIGHT, _EDGE = 7.0, 1.5  # cm; of the numbers beside the curves
_DASHED = ("--", ":", "-.")


def series(view: Series, title: str, chosen: Theme, language: Language, width: float) -> Figure:
    """Return a series' curves over its axis: the first one in the ink's color, the second one thick, others dashed.

    Args:
        width: cm.
    """
    figure = make_figure(width, _HEIGHT)
    (axes,) = panels(figure, 1, beside=True)
    for at, (name, values) in enumerate(view.curves.items()):
        shade = chosen.ink if at == 0 else color(chosen, at - 1)
        style = "-" if at < 2 else _DASHED[(at - 2) % len(_DASHED)]
        ys = [math.nan if value is None else value for value in values[: len(view.x)]]
        thickness = 1.6 if at == 1 else 1.0
        label = legend_label(say(name, language))
        axes.plot(view.x[: len(ys)], ys, color=shade, linestyle=style, linewidth=thickness, label=label)
    if view.x and view.x[0] < 0 < view.x[-1]:
        axes.axvline(0, color=chosen.muted, linewidth=0.6)
    set_title(axes, title, view.title, width=width - _EDGE)
    axes.set_xlabel(say(printable(view.x_label), language))
    if view.note:
        axes.set_ylabel(printable(view.note.partition(" over ")[0]))
    axes.margins(x=0.01)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(ncols=2)
    return figure
