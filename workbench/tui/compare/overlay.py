"""Curves of several runs over one another: each in its colour, and with its letter on it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.text import Text

from workbench.render import plot
from workbench.render.plot import Line, Point, Window
from workbench.tui import glyphs
from workbench.tui.color import plot_color
from workbench.tui.widgets.curve import thin
from workbench.tui.widgets.static_plot import Drawing


class Trace(NamedTuple):
    """One run's curve. The colour is a theme's variable."""

    letter: str
    colour: str
    points: Sequence[Point]


class Overlay(Drawing):
    """One chart for all of them."""

    EMPTY = "nothing measured yet"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._traces: list[Trace] = []

    def show(self, traces: Sequence[Trace], title: str, below: str) -> None:
        """Draw these curves; ``below`` says what the axis counts."""
        self._traces = [trace for trace in traces if trace.points]
        self.border_title, self.border_subtitle = title, below
        self.renew()

    def draw(self, width: int, height: int) -> Text | None:
        if not self._traces:
            return None
        window = self._window()
        lines, letters = [], []
        for index, trace in enumerate(self._traces):
            colour = plot_color(self.app, trace.colour)
            marker = trace.letter if glyphs.lettered(self.app) else plot.BRAILLE
            lines.append(Line(thin(list(trace.points), max(1, width - 8)), colour, marker))
            letters += [Line([point], colour, trace.letter) for point in self._places(index, window)]
        lines.reverse()  # the first one is drawn over the others, and letters over all
        drawn = plot.draw([*lines, *letters], window, width, height, colour=plot_color(self.app, "foreground", 0.7))
        return plot.text(drawn)

    def _places(self, index: int, window: Window) -> list[Point]:
        """Where a curve bears its letter: at its end, and at places of its own among the others' on the way there."""
        points, count = self._traces[index].points, len(self._traces)
        found = [points[-1]]
        for third in range(3):
            x = window.left + (window.right - window.left) * (third + (index + 0.5) / count) / 3
            at = bisect_left(points, (x, float("-inf")))
            if at < len(points):
                found.append(points[at])
        return found

    def _window(self) -> Window:
        xs = [x for trace in self._traces for x in (trace.points[0][0], trace.points[-1][0])]
        ys = [y for trace in self._traces for _, y in trace.points]
        room = max((max(ys) - min(ys)) * 0.05, abs(max(ys)) * 0.02) or 1.0
        return Window(min(0.0, *xs), max(xs) or 1.0, min(ys) - room, max(ys) + room)
