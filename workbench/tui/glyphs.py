"""Glyphs of a chart's curves: fine dots, or letters where neither colors nor dots tell the curves apart."""

from __future__ import annotations

from textual.app import App

from workbench.render import plot
from workbench.tui.ascii import ascii_only


def lettered(app: App[object]) -> bool:
    """Return whether curves are drawn with letters: without color, and in ASCII."""
    return app.no_color or ascii_only()


def marker(app: App[object], curve: int) -> str:
    """Return plotext's marker of a chart's curve: fine dots, or the curve's own letter."""
    return plot.LETTERS[curve % len(plot.LETTERS)] if lettered(app) else plot.BRAILLE


def sign(app: App[object], curve: int) -> str:
    """Return the sign that stands for a curve beside its name."""
    return marker(app, curve) if lettered(app) else "━"


def level_marker(app: App[object]) -> str:
    """Return plotext's marker of a level line, such as a baseline's result."""
    return "┄" if lettered(app) else plot.BRAILLE
