"""Pictures of an inspected sequence: gates or states as heat maps of units by steps, contributions as bars.

Shapes: T steps, H units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from workbench.report.fonts import drawable
from workbench.report.theme import Theme, color, make_figure, panels, set_title
from workbench.report.words import Language, say
from workbench.runs.inspections import Grid, InspectedCell, Inspection

_PANEL, _EDGE, _LABELS = 4.2, 1.0, 1.6  # cm: of a heat map, the numbers beside it, the symbols below
_LETTER = 0.0353 * 0.9  # cm for each point of a symbol's width
_SYMBOLS = 80  # steps whose symbols are written below; of more, every so many
_DIVERGING = "RdBu_r"


def gates(found: Inspection, layer: int, chosen: Theme, language: Language, width: float) -> Figure:
    """Return a heat map for each gate of a layer, from 0, the units sorted by how much they vary over the text.

    Args:
        width: cm.

    Raises:
        ValueError: the cell shows no gates.
    """
    maps = [
        _Map(f"{say('gate', language)} {name}", cell, grid, name in cell.sigmoid_gates)
        for cell in found.cells
        for name, grid in cell.gates.items()
        if cell.layer == layer
    ]
    if not maps:
        raise ValueError(f"{found.cell} shows no gates")
    return _maps(found, maps, chosen, language, width)


def states(found: Inspection, layer: int, chosen: Theme, language: Language, width: float) -> Figure:
    """Return a heat map for each part of a layer's state, and of what each step keeps and writes of the memory."""
    maps = [
        _Map(say(name, language), cell, grid, share=False)
        for cell in found.cells
        for name, grid in {**cell.states, **cell.updates}.items()
        if cell.layer == layer
    ]
    return _maps(found, maps, chosen, language, width)


def contributions(found: Sequence[Inspection], chosen: Theme, language: Language, width: float) -> Figure:
    """Return bars of what each step contributed, by gradient × input and by occlusion, a panel a network."""
    figure = make_figure(width, (_PANEL + _LABELS) * len(found))
    for axes, one in zip(panels(figure, len(found), beside=False), found, strict=True):
        given = one.contributions
        if given is None:
            raise ValueError(f"the contributions of {one.run} were not measured")
        places = np.arange(len(one.symbols))
        for number, (name, values) in enumerate(
            (("gradient × input", given.gradient_input), ("occlusion", given.occlusion))
        ):
            offset = (number - 0.5) * 0.4
            axes.bar(places + offset, values, 0.4, color=color(chosen, number), label=say(name, language))
        axes.axhline(0, color=chosen.muted, linewidth=0.6)
        _name_steps(axes, one.symbols, width)
        agree = "–" if given.correlation is None else f"{given.correlation:+.2f}"
        about = f"{say('contribution to', language)} {given.target}, {say('correlation', language)} {agree}"
        set_title(axes, f"{one.title}, {one.cell}", about, width=width)
        axes.grid(visible=False, axis="x")
        axes.legend()
    return figure


class _Map(NamedTuple):
    """Numbers that are drawn as one heat map."""

    name: str
    cell: InspectedCell
    grid: Grid
    share: bool  # from 0 to 1; else from −most to most


def _maps(found: Inspection, maps: Sequence[_Map], chosen: Theme, language: Language, width: float) -> Figure:
    """Return heat maps below one another."""
    figure = make_figure(width, _PANEL * len(maps) + _LABELS)
    every = panels(figure, len(maps), beside=False)
    for axes, one in zip(every, maps, strict=True):
        values = _by_activity(np.array(one.grid.lists()))  # (H,T)
        most = float(np.abs(values).max()) or 1.0
        low, high, heat = (0.0, 1.0, chosen.heat) if one.share else (-most, most, _DIVERGING)
        image = axes.imshow(values, cmap=heat, vmin=low, vmax=high, aspect="auto", interpolation="nearest")
        axes.grid(visible=False)
        axes.set_ylabel(say("unit, by activity", language))
        set_title(axes, f"{one.name}: {found.title}, {found.cell}, {one.cell.name}", width=width)
        axes.set_xticks([])
        figure.colorbar(image, ax=axes, shrink=0.9, pad=0.01).outline.set_linewidth(0.4)
    _name_steps(every[-1], found.symbols, width)
    return figure


def _by_activity(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values (T,H) as (H,T), the unit that varies most first."""
    order = np.argsort(-values.var(0), kind="stable")
    return np.asarray(values[:, order].T)


def _name_steps(axes: Axes, symbols: Sequence[str], width: float) -> None:
    """Write the symbols below the steps, of many every so many, turned where they have no room."""
    each = -(-len(symbols) // _SYMBOLS)
    places = [*range(0, len(symbols), each)]
    labels, _ = drawable([symbols[place] for place in places])
    room = (width - _EDGE) / max(1, len(places))
    size = max(4.0, min(8.0, room / _LETTER / 1.1))
    turned = max(map(len, labels), default=0) > 1 and max(map(len, labels)) * size * _LETTER * 0.6 > room
    axes.set_xticks(places, labels, fontsize=size, rotation=90 if turned else 0)
