"""Heat map of a confusion matrix, and bars of each class's figures."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from rich.cells import cell_len

from tasks.views import Confusion, Table
from workbench.render.format import percent
from workbench.report.fonts import drawable
from workbench.report.theme import Theme, color, make_figure, panels, set_title
from workbench.report.words import Language, say

_POINT = 0.0353  # cm
_LARGEST, _SMALLEST = 8.0, 2.5  # points of the numbers in the cells
_DIGIT, _INCH = 0.78, 72  # width of a digit for each point of its size, with what parts it; points
_MARGIN = 3.2  # cm of labels and color bar
_NUMBERED = 60  # classes at most whose cells hold a number
_BAR = 0.62  # cm of a class's bars
_FIGURES = ("precision", "recall", "f1")
_NAMES = {"f1": "F1"}


def confusion(view: Confusion, title: str, chosen: Theme, language: Language, width: float, *, shares: bool) -> Figure:
    """Return a heat map, colored by the share of the true class, with a number in each cell that is not empty.

    Args:
        width: cm.
        shares: percent of the true class in place of counts.
    """
    counts = np.array(view.counts, dtype=float)  # (C,C)
    rows = counts.sum(1, keepdims=True)
    share = np.divide(counts, rows, out=np.zeros_like(counts), where=rows > 0)
    classes = len(view.labels)
    labels, _ = drawable(view.labels)
    figure = make_figure(width, 0.9 * width + 0.8)
    (axes,) = panels(figure, 1, beside=True)
    image = axes.imshow(share, cmap=chosen.heat, vmin=0, vmax=1)
    texts = [
        [percent(share[i, j]) if shares else f"{count}" for j, count in enumerate(row)]
        for i, row in enumerate(view.counts)
    ]
    shades = matplotlib.colormaps[chosen.heat]
    for i, row in enumerate(view.counts if classes <= _NUMBERED else ()):
        for j, count in enumerate(row):
            if count:
                ink = "#000000" if _luminance(shades(share[i, j])) > 0.5 else "#ffffff"
                axes.text(j, i, texts[i][j], ha="center", va="center", color=ink)
    label_size = min(7.0, max(4.0, (width - _MARGIN) / max(1, classes) / _POINT * 0.7))
    longest = max(map(cell_len, labels), default=0) * 0.6 * label_size * _POINT
    turned = longest > 0.9 * (width - _MARGIN) / max(1, classes)
    axes.set_xticks(range(classes), labels, rotation=90 if turned else 0, fontsize=label_size)
    axes.set_yticks(range(classes), labels, fontsize=label_size)
    axes.grid(visible=False)
    axes.set_xlabel(say("predicted class", language))
    axes.set_ylabel(say("true class", language))
    unit = say("percent of the true class" if shares else "counts", language)
    set_title(axes, f"{title}: {unit}", width=width - _MARGIN)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02)
    bar.set_label(say("share of the true class", language))
    bar.outline.set_linewidth(0.4)
    figure.draw_without_rendering()  # the room of a cell is known then
    cell = axes.get_window_extent().width / max(1, classes) / figure.dpi * _INCH
    size = _font_size(cell, max((len(text) for row in texts for text in row), default=1))
    for text in axes.texts:
        text.set_fontsize(size)
    return figure


def classes(view: Table, title: str, chosen: Theme, language: Language, width: float) -> Figure:
    """Return horizontal bars of each class's precision, recall and F1, with its number of examples.

    Args:
        view: a row a class: its label, then figures under the names of ``_FIGURES``, and ``support``.
        width: cm.
    """
    labels, _ = drawable([str(row[0]) for row in view.rows])
    names = [name for name in _FIGURES if name in view.columns]
    figure = make_figure(width, 2.2 + _BAR * len(labels))
    (axes,) = panels(figure, 1, beside=True)
    places = np.arange(len(labels), dtype=float)
    thick = 0.8 / max(1, len(names))
    for at, name in enumerate(names):
        column = view.columns.index(name)
        values = [float(row[column] or 0.0) for row in view.rows]
        offset = (at - (len(names) - 1) / 2) * thick
        axes.barh(
            places + offset, values, thick * 0.92, color=color(chosen, at), label=say(_NAMES.get(name, name), language)
        )
    if "support" in view.columns:
        column = view.columns.index("support")
        labels = [f"{label}  ({row[column]:,})" for label, row in zip(labels, view.rows, strict=True)]
    axes.set_yticks(places, labels)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.grid(visible=False, axis="y")
    set_title(axes, title, width=width - _MARGIN)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.04 - 0.5 / (1 + len(labels))), ncols=len(names))
    return figure


def class_table(views: Sequence[object]) -> Table | None:
    """Return the view with the classes' figures; ``None`` where there is none, or none that is whole."""
    for view in views:
        if isinstance(view, Table) and view.rows and {*_FIGURES} <= {*view.columns}:
            return view if all(len(row) == len(view.columns) for row in view.rows) else None
    return None


def is_whole(view: Confusion) -> bool:
    """Return whether a confusion matrix has a row and a column for each label."""
    return len(view.counts) == len(view.labels) and all(len(row) == len(view.labels) for row in view.counts)


def _font_size(cell: float, longest: int) -> float:
    """Return the size in points at which a number of so many digits fits into a cell.

    Args:
        cell: width, points.
    """
    return max(_SMALLEST, min(_LARGEST, cell / (_DIGIT * longest), cell * 0.6))


def _luminance(shade: tuple[float, ...]) -> float:
    red, green, blue = shade[:3]
    return 0.299 * red + 0.587 * green + 0.114 * blue
