"""Tabs of the Run screen: the panes that are chosen one at a time, as the terminal's size has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual.geometry import Size

CHARTS, RESULT, MEMORY, ABOUT = "charts", "result", "memory", "about"
OWN_TABS = (CHARTS, RESULT, MEMORY, ABOUT)
_WIDE, _TALL, _ONE_CHART = 110, 32, 22


class Room(NamedTuple):
    """Space of a terminal: panes stand side by side where it is wide."""

    wide: bool  # the charts stand beside the panes
    tall: bool  # the result stands below them
    low: bool  # one chart at a time

    @property
    def shows_result(self) -> bool:
        """True where the result is always shown."""
        return self.wide and self.tall

    def chart_tabs(self, charts: Sequence[str]) -> list[str]:
        """Return the tabs of the charts, where they have any."""
        return [*charts] if self.low else [CHARTS]

    def tabs(self, charts: Sequence[str], panes: Sequence[str], *, evaluated: bool) -> list[str]:
        """Return the names of the tabs.

        Args:
            charts: titles.
            panes: names, those of the memory and of the settings among them.
            evaluated: there was an evaluation.
        """
        own = [] if self.wide else self.chart_tabs(charts)
        names = [*own, *panes, *([] if self.shows_result else [RESULT])]
        names.remove(ABOUT)
        if not evaluated:
            names.remove(MEMORY)
        return [*names, ABOUT]  # last, as it is read once


def room_of(size: Size) -> Room:
    """Return the space of a terminal's size."""
    return Room(size.width >= _WIDE, size.height >= _TALL, size.height < _ONE_CHART)
