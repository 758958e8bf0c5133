"""Chart of a race: every cell's training loss in one chart, each with its letter."""

from __future__ import annotations

from workbench.render import plot
from workbench.render.curve import Curve, Smoothed
from workbench.render.plot import PlotCurve, PlotWindow, Point
from workbench.render.race_view import letter
from workbench.runs.timeline import Timeline
from workbench.tui import glyphs
from workbench.tui.color import curve_color, plot_color
from workbench.tui.widgets.chart import Chart
from workbench.tui.widgets.view_range import VIEW_ACTIONS


class RaceChart(Chart):
    """Training losses by step. A curve's brief name is its cell's letter."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__("training loss", [], **kwargs)  # type: ignore[arg-type]

    def show_cells(self, cells: list[str]) -> None:
        """Begin with no points."""
        curves: list[Curve] = [
            Smoothed(f"{letter(at)} {cell}", curve_color(at), brief=letter(at)) for at, cell in enumerate(cells)
        ]
        self.show_curves("training loss", curves, digits=4, logs=True)

    def add(self, at: int, step: int, losses: list[float | None]) -> None:
        """Add the losses of a cell's steps, up to ``step``."""
        self.curves[at].extend(range(step - len(losses) + 1, step + 1), losses)
        self.changed()

    def change_view(self, action: str) -> None:
        """Change the view by one of ``VIEW_ACTIONS``, at once."""
        self.set_view(VIEW_ACTIONS[action](self.view, Timeline(), self.columns))

    def _curve_name(self, curve: Curve, *, brief: bool) -> tuple[str, str]:
        return curve.brief if brief else curve.name, f"bold $text-{curve.color}"

    def _labels(self, points_of: dict[Curve, list[Point]], window: PlotWindow) -> list[PlotCurve]:
        every = [(curve.brief, plot_color(self.app, curve.color), points) for curve, points in points_of.items()]
        return plot.letters(every, window)

    def _marker(self, curve: Curve) -> str:
        return curve.brief if glyphs.lettered(self.app) else plot.BRAILLE
