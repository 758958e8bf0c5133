"""Pane of one step: its numbers in each network, and the forecast as it stands there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from tasks.views import Series
from workbench.render.text import printable
from workbench.tui.inspect.inspected_pane import InspectedPane
from workbench.tui.inspect.picture import Choice
from workbench.tui.inspect.step_numbers import forecasts, numbers
from workbench.tui.widgets.series_chart import SeriesChart
from workbench.tui.widgets.table import Passage

_NO_SERIES = Series(title="", x_label="", x=[], curves={})


class StepPane(Vertical):
    """Numbers below or beside the picture; a chart of the forecast beside it alone."""

    def __init__(self) -> None:
        super().__init__(id="step")

    def compose(self) -> ComposeResult:
        yield Passage(id="numbers")
        yield SeriesChart(_NO_SERIES, id="forecast")

    def show(self, panes: Sequence[InspectedPane], choice: Choice, step: int, *, beside: bool) -> None:
        """Show a step of each network.

        Args:
            beside: the pane stands beside the picture, with room for whole columns.
        """
        self.query_one("#numbers", Passage).show(partial(_numbers, panes, choice, step, beside=beside))
        painter = panes[0].painter if panes else None
        chart = self.query_one("#forecast", SeriesChart)
        series = forecasts(painter.inspection, step) if painter and beside else None
        chart.display = series is not None
        if series:
            chart.show(series)


def _numbers(panes: Sequence[InspectedPane], choice: Choice, step: int, room: int, *, beside: bool) -> Content:
    """Return the numbers of a step, of each network."""
    parts: list[Content] = []
    for pane in panes:
        if painter := pane.painter:
            told = numbers(painter, choice, step, pane.grid.chosen, room=0 if beside else max(1, room))
            name = f"{printable(painter.inspection.cell)}{chr(10) if beside else '  '}" * (len(panes) > 1)
            parts.append(Content.assemble((name, "bold $text-primary"), told))
    return Content("\n\n" if beside else "\n").join(parts)
