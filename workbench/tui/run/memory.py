"""The *memory* pane of the Run screen: the gradient's norm by distance from the end, and what the gates let pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from workbench.render import gradients, plot
from workbench.render.format import number, percent
from workbench.render.gradients import NormCurve
from workbench.render.plot import PlotColor
from workbench.runs.events import Probe
from workbench.runs.gradients import GradientCurve, Key, counterpart, curves_of
from workbench.tui import glyphs
from workbench.tui.color import curve_color, plot_color
from workbench.tui.widgets.chart import first_that_fits
from workbench.tui.widgets.static_plot import StaticPlot
from workbench.tui.widgets.static_text import StaticText
from workbench.tui.widgets.table import flow

NOT_MEASURED = (
    "This run has not measured its gradient through time: it was trained with train.probe=0 or by an older version, "
    "or its network has no recurrence. `workbench inspect RUN --gradients` measures it with the weights that are kept."
)
NOT_THEN = "The gradient through time was not measured at this evaluation."


class Measured(NamedTuple):
    """Contents of the pane: the gradient at an evaluation, beside the first one and another run's."""

    shown: Probe | None = None
    first: Probe | None = None  # of the same run
    other: Probe | None = None
    other_name: str = ""


class _Line(NamedTuple):
    """A curve of the chart: its names, and its place among the colors."""

    curve: NormCurve
    brief: str
    place: int


class MemoryChart(StaticPlot):
    """Norms on a logarithmic axis over the distance from the end."""

    EMPTY = "the gradient is zero everywhere"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._lines: Sequence[_Line] = ()
        self._below = ""

    def on_resize(self) -> None:
        self._set_titles()

    def show(self, lines: Sequence[_Line], below: str) -> None:
        """Draw other curves."""
        if (lines, below) != (self._lines, self._below):
            self._lines, self._below = lines, below
            self._set_titles()
            self.redraw()

    def draw(self, width: int, height: int) -> Text | None:
        curves = [line.curve for line in self._lines]
        view = gradients.window(curves)
        if view is None:
            return None
        axes = plot_color(self.app, "foreground", 0.7)
        drawn = gradients.plot_curves(curves, view, self._style)
        return plot.text(plot.draw(drawn, view, width, height, color=axes, log=True))

    def _style(self, index: int) -> tuple[PlotColor, str]:
        line = self._lines[index]
        if line.curve.is_bound:
            return plot_color(self.app, "foreground", 0.45), glyphs.level_marker(self.app)
        return plot_color(self.app, curve_color(line.place)), glyphs.marker(self.app, line.place)

    def _set_titles(self) -> None:
        room = self.size.width - 4
        whole = [self._title(line, line.curve.name) for line in self._lines]
        brief = [self._title(line, line.brief) for line in self._lines]
        own = [pair[line.place > 1] for line, *pair in zip(self._lines, whole, brief, strict=True)]
        self.border_title = first_that_fits([whole, own, brief, brief[:-1], brief[:1]], room)
        muted = "$foreground-muted"
        self.border_subtitle = first_that_fits(
            [[(f"{self._below}: {gradients.X_LABEL}", muted)], [(self._below, muted)]], room
        )

    def _title(self, line: _Line, name: str) -> tuple[str, str]:
        if line.curve.is_bound:
            return f"{gradients.LEVEL} {name}", "$foreground-muted"
        return f"{glyphs.sign(self.app, line.place)} {name}", f"bold $text-{curve_color(line.place)}"


class MemoryPane(Vertical):
    """Chart of one layer, direction and part of the state, and under it the figures; a sentence where there is none."""

    def __init__(self) -> None:
        super().__init__()
        self._measured = Measured()
        self._key: Key | None = None
        self._scrubbed = False
        self._chart = MemoryChart()
        self._figures = StaticText(classes="figures")

    def compose(self) -> ComposeResult:
        yield self._chart
        yield self._figures

    def on_mount(self) -> None:
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def show(self, measured: Measured, *, scrubbed: bool) -> None:
        """Show other measurements.

        Args:
            scrubbed: they are of an earlier evaluation, not of the newest.
        """
        self._measured, self._scrubbed = measured, scrubbed
        self._draw()

    def next_curve(self) -> None:
        """Show the next layer, direction or part of the state; after the last one the first."""
        curves = self._curves
        if curves:
            self._key = curves[(curves.index(self._chosen(curves)) + 1) % len(curves)].key
            self._draw()

    @property
    def has_choice(self) -> bool:
        """True if there are several layers, directions or parts."""
        return len(self._curves) > 1

    @property
    def _curves(self) -> list[GradientCurve]:
        return curves_of(self._measured.shown) if self._measured.shown else []

    def _chosen(self, curves: Sequence[GradientCurve]) -> GradientCurve:
        return next((curve for curve in curves if curve.key == self._key), curves[0])

    def _draw(self) -> None:
        curves = self._curves
        self._chart.display = bool(curves)
        self._figures.set_class(not curves, "-alone")
        if not curves:
            sentence = NOT_THEN if self._scrubbed and self._measured.first else NOT_MEASURED
            self._figures.update(Content.styled(sentence, "$foreground-muted"))
            return
        chosen = self._chosen(curves)
        first, other = (self._beside(chosen, probe) for probe in (self._measured.first, self._measured.other))
        shown = self._measured.shown
        if first and shown and self._measured.first and self._measured.first.step == shown.step:
            first = None
        self._chart.show(self._lines(chosen, first, other), chosen.name)
        items = _items(chosen, first, other, self._measured.other_name.partition(" ")[0])
        room = self.size.width or 60
        self._figures.update(Content("\n").join(flow(items, room)))

    def _beside(self, chosen: GradientCurve, probe: Probe | None) -> GradientCurve | None:
        return counterpart(chosen, curves_of(probe)) if probe else None

    def _lines(self, chosen: GradientCurve, first: GradientCurve | None, other: GradientCurve | None) -> list[_Line]:
        shown, begun = self._measured.shown, self._measured.first
        name = self._measured.other_name
        lines = [_line(chosen, f"step {shown.step:,}" if shown else "", "shown", 0)]
        if first and begun:
            lines.append(_line(first, f"first, step {begun.step:,}", "first", 1))
        if other:
            named = name if other.part == chosen.part else f"{name}, {other.part}"
            lines.append(_line(other, named, name.partition(" ")[0], 2))
        if chosen.bound:
            lines.append(_Line(NormCurve("bound η^distance", chosen.distances, chosen.bound, True), "bound", 3))
        return lines


def _line(curve: GradientCurve, name: str, brief: str, place: int) -> _Line:
    ends = "" if curve.zero_beyond is None else f", 0 beyond {curve.zero_beyond:,}"
    return _Line(NormCurve(name + ends, curve.distances, curve.norms), brief + ends, place)


def _items(
    chosen: GradientCurve, first: GradientCurve | None, other: GradientCurve | None, other_cell: str
) -> list[Content]:
    """Return the figures in words, the most telling first."""
    cell = chosen.cell
    before = [f"first {first.reach:,}"] * bool(first) if first else []
    before += [f"{other_cell} {other.reach:,} of {other.distances[-1]:,}"] if other else []
    beside = f" ({', '.join(before)})" if before else ""
    items = [
        Content.assemble("reaches ", (f"{chosen.reach:,} of {chosen.distances[-1]:,}", "bold"), f" steps back{beside}")
    ]
    keep = cell.gates.get(cell.keep_gate)
    if keep is not None:
        items.append(
            Content.assemble(f"{cell.keep_gate} keeps ", (number(keep.mean, 3), "bold"))
            + Content(f", half-life {number(cell.half_life, 1)} steps")
        )
    items += [
        Content.assemble(
            (f"{name} ", "bold"),
            f"{number(gate.mean, 2)}, shut {percent(gate.shut)} %, open {percent(gate.open)} %",
        )
        for name, gate in cell.gates.items()
    ]
    if cell.spectral_radius is not None:
        items.append(Content(f"spectral radius {number(cell.spectral_radius, 2)}, η {number(cell.spectral_norm, 2)}"))
    return items
