"""Style of pictures: colors that the color-blind tell apart and that print in grey, sizes, fonts.

Source of the colors: M. Okabe and K. Ito, Color Universal Design, 2008.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import fill
from typing import Any, Literal, NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.render.text import printable
from workbench.report.fonts import chinese_font

ThemeName = Literal["light", "dark"]
WORD_COLUMN = 15.0  # cm of width
_CM = 1 / 2.54  # inches
_DOTS = 200  # an inch, of a PNG
_LETTER = 0.21  # cm of a title's letter
_LINES = ("-", "--", "-.", ":")  # a curve of the same color as an earlier one has another line


class Theme(NamedTuple):
    """Colors of a picture."""

    ground: str
    ink: str
    muted: str
    grid: str
    colors: tuple[str, ...]
    heat: str  # matplotlib's color map of shares


_THEMES = {
    "light": Theme(
        "#ffffff",
        "#1a1a1a",
        "#595959",
        "#d9d9d9",
        ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"),
        "Blues",
    ),
    "dark": Theme(
        "#16181d",
        "#f0f0f0",
        "#a8adb7",
        "#3a3f4a",
        ("#56B4E9", "#E69F00", "#2fc79a", "#e7a1c8", "#F0E442", "#ff8a4c", "#ffffff"),
        "cividis",
    ),
}


@contextmanager
def applied(name: ThemeName) -> Iterator[Theme]:
    """Draw and write figures of the block in a theme."""
    chosen = _THEMES[name]
    families = ["DejaVu Sans", *filter(None, [chinese_font()])]  # the second one draws what the first one lacks
    settings: dict[Any, Any] = {
        **{"figure.facecolor": chosen.ground, "axes.facecolor": chosen.ground, "savefig.facecolor": chosen.ground},
        **{"text.color": chosen.ink, "axes.labelcolor": chosen.ink, "axes.titlecolor": chosen.ink},
        **{"axes.edgecolor": chosen.muted, "xtick.color": chosen.muted, "ytick.color": chosen.muted},
        **{"grid.color": chosen.grid, "grid.linewidth": 0.5, "axes.grid": True, "axes.axisbelow": True},
        **{"axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.6},
        **{"font.family": families, "font.size": 8},
        **{"axes.titlesize": 9, "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.labelsize": 8},
        **{"xtick.labelsize": 7, "ytick.labelsize": 7, "legend.fontsize": 7, "legend.frameon": False},
        **{"lines.linewidth": 1.3, "svg.hashsalt": "workbench", "savefig.dpi": _DOTS, "axes.unicode_minus": False},
        **{"pdf.fonttype": 42, "text.parse_math": False},  # a dollar sign in a label is one
    }
    log = logging.getLogger("matplotlib.font_manager")  # it warns of each weight that a Chinese font has not
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with matplotlib.rc_context(settings):
            yield chosen
    finally:
        log.setLevel(level)


def make_figure(width: float, height: float) -> Figure:
    """Return an empty figure.

    Args:
        width, height: cm.
    """
    return Figure(figsize=(width * _CM, height * _CM), layout="constrained")


def set_title(axes: Axes, *lines: str, width: float) -> None:
    """Set a panel's title, broken into lines that have room.

    Args:
        width: of the panel, cm.
    """
    most = max(12, int(width / _LETTER))
    axes.set_title("\n".join(fill(printable(line), most) for line in lines if line))


def legend_label(text: str) -> str:
    """Return a text as a legend shows it: matplotlib leaves out one that begins with an underscore."""
    shown = printable(text)
    return f" {shown}" if shown.startswith("_") else shown


def panels(figure: Figure, count: int, *, beside: bool) -> list[Axes]:
    """Return axes beside one another, or below one another."""
    rows, columns = (1, count) if beside else (count, 1)
    return [figure.add_subplot(rows, columns, 1 + at) for at in range(count)]


def color(chosen: Theme, index: int) -> str:
    """Return a curve's color."""
    return chosen.colors[index % len(chosen.colors)]


def line_style(chosen: Theme, index: int) -> str:
    """Return a curve's line."""
    return _LINES[index // len(chosen.colors) % len(_LINES)]
