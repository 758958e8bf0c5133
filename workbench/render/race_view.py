"""A race for Rich: both curves over one another, the badge of parity, the speeds as bars; and its table. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from tasks.base import Settings
from workbench.races.standings import Race, Racing, Ratio, Standing, parity_words
from workbench.render import plot
from workbench.render.curve import DEFAULT_SMOOTHING, smooth, thin
from workbench.render.format import number
from workbench.render.metrics import formatted, heading, ordered
from workbench.render.plot import PlotCurve, PlotWindow, Point
from workbench.render.series_chart import curve_style, in_color
from workbench.render.text import printable

_METRICS = 4  # rows of the table
_HIGHEST, _LOWEST = 18, 5  # rows of the chart
_WIDEST = 140
_BAR = 24  # cells of the fastest cell's bar
_HOLDS, _LOST = "bold green", "bold red"


class RaceView:
    """A race as far as it has come, drawn anew whenever it is rendered."""

    def __init__(self, race: Race) -> None:
        self._race = race

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        race = self._race
        if race.begun is None:
            yield Text("Reading the data, building the networks …", "dim")
            return
        use_color = in_color(console)
        legend = Text(no_wrap=True, overflow="crop")
        for index, one in enumerate(race.cells.values()):
            legend.append(f"{letter(index)} {printable(one.cell)} {number(one.loss)}   ", _color(index, use_color))
        yield legend
        badges = [Text(words, _HOLDS if holds else _LOST) for words, holds in badge_lines(race)]
        bars = [_bar(line, index, use_color) for index, line in enumerate(bar_lines(race))]
        room = (options.height or console.height) - 8 - len(badges) - len(bars)
        yield self._chart(min(options.max_width, _WIDEST), max(_LOWEST, min(_HIGHEST, room)), use_color)
        yield Text(f"training loss, smoothing {DEFAULT_SMOOTHING:g} · {spent_words(race)}", "dim", no_wrap=True)
        yield from badges
        yield from bars

    def _chart(self, width: int, height: int, use_color: bool) -> Text:
        every = [loss_points(one, width) for one in self._race.cells.values()]
        ys = [y for points in every for _, y in points]
        if not ys:
            return Text("\n" * (height - 1))
        margin = (max(ys) - min(ys)) * 0.05 or 0.5
        last = max(points[-1][0] for points in every if points)
        window = PlotWindow(0.0, max(last, 2.0), max(0.0, min(ys) - margin), max(ys) + margin)
        curves = [
            PlotCurve(points, _color(index, use_color), plot.BRAILLE if use_color else letter(index))
            for index, points in enumerate(every)
            if points
        ]
        marks = [(letter(index), _color(index, use_color), points) for index, points in enumerate(every) if points]
        return plot.text(
            plot.draw([*curves[::-1], *plot.letters(marks, window)], window, width, height, color="default")
        )


def letter(index: int) -> str:
    """Return the letter that stands for a cell on the curves: A for the first one named."""
    return ascii_uppercase[index]


def loss_points(racing: Racing, columns: int) -> list[Point]:
    """Return a cell's training loss by step, smoothed, and thinned for a chart of ``columns``."""
    known = [(at, loss) for at, loss in enumerate(racing.losses, 1) if loss is not None]
    means = smooth([loss for _, loss in known], DEFAULT_SMOOTHING)
    return thin([(float(at), mean) for (at, _), mean in zip(known, means, strict=True)], columns)


def badge_lines(race: Race) -> list[tuple[str, bool]]:
    """Return a line on each pair of twins, and whether their parity holds."""
    bound = race.begun.bound if race.begun else 0.0
    found = [race.difference(cell) for cell in race.cells]
    several = sum(one is not None for one in found) > 1
    return [
        ((f"{cell}: " if several else "") + parity_words(one, bound), one.lost_at is None)
        for cell, one in zip(race.cells, found, strict=True)
        if one
    ]


def bar_lines(race: Race) -> list[tuple[str, float, str]]:
    """Return each cell's speed: its letter and name, its share of the fastest, and the figures."""
    cells = list(race.cells.values())
    fastest = max((one.speed or 0.0 for one in cells), default=0.0) or 1.0
    longest = max((len(one.cell) for one in cells), default=0)
    return [
        (
            f"{letter(index)} {one.cell:<{longest}}",
            (one.speed or 0.0) / fastest,
            f"{one.speed or 0:,.0f} examples/s  {ratio_words(race.ratio(one.cell), first=index == 0)}",
        )
        for index, one in enumerate(cells)
    ]


def ratio_words(ratio: Ratio | None, *, first: bool) -> str:
    """Return a speed as a multiple of the first cell's, with its quartiles: ``1.83× (1.78–1.93)``."""
    if ratio is None:
        return "–"
    return "1×" if first else f"{ratio.median:.2f}× ({ratio.low:.2f}–{ratio.high:.2f})"


def spent_words(race: Race) -> str:
    """Return how much of the budget is spent: ``step 120 of 300``."""
    if race.begun is None:
        return ""
    budget, steps = race.begun.budget, max(len(one.losses) for one in race.cells.values())
    if budget.by == "steps":
        return f"step {steps:,} of {budget.steps:,}"
    return f"step {steps:,} · {race.share:.0%} of {budget.seconds:g} s each"


def table(race: Race, settings: Settings) -> tuple[list[str], list[list[str]]]:
    """Return the heads and rows of a race's table: a row a figure, a column a cell."""
    standings = race.standings()
    metrics = next((one.metrics for one in standings if one.metrics), {})
    clock = race.begun.clock if race.begun else "CPU"
    figures = {
        "train loss": [number(one.loss) for one in standings],
        **{
            f"val {heading(name, settings)}": [formatted(name, one.metrics.get(name), settings) for one in standings]
            for name in ordered(metrics, settings.metric, _METRICS)
        },
        "steps": [f"{one.steps:,}" for one in standings],
        f"{clock} seconds": [f"{one.seconds:,.2f}" for one in standings],
        "examples/s": [f"{one.examples_per_s or 0:,.0f}" for one in standings],
        "speed": [ratio_words(one.ratio, first=index == 0) for index, one in enumerate(standings)],
        "difference": [_difference(one) for one in standings],
    }
    heads = ["", *(f"{letter(index)} {one.cell}" for index, one in enumerate(standings))]
    return heads, [[name, *values] for name, values in figures.items()]


def end_lines(race: Race) -> list[str]:
    """Return what is to be said at the end: whether twins kept parity, and how speeds are read."""
    lines = [f"{words[0].upper()}{words[1:]}." for words, _ in badge_lines(race)]
    blocks = max((one.ratio.blocks for one in race.standings()[1:] if one.ratio), default=0)
    if blocks:
        first = next(iter(race.cells))
        lines.append(f"Speeds are multiples of {first}'s: median and quartiles over {blocks} blocks made in turns.")
    return lines


def _difference(standing: Standing) -> str:
    if standing.difference is None:
        return "–"
    return f"{standing.difference.largest:.1e} to {standing.difference.twin_of}"


def _color(index: int, use_color: bool) -> str:
    return curve_style(index, colored=use_color)[0] if use_color else "default"


def _bar(line: tuple[str, float, str], index: int, use_color: bool) -> Text:
    name, share, figures = line
    full = round(share * _BAR)
    bar = Text(f"{printable(name)}  ")
    return bar.append("━" * full, _color(index, use_color)).append("─" * (_BAR - full), "dim").append(f"  {figures}")


def progress_line(race: Race, cells: Sequence[str]) -> str:
    """Return the race's state in one line, for a log."""
    parts = [f"{cell} {number(race.cells[cell].loss)}" for cell in cells]
    steps = max(len(race.cells[cell].losses) for cell in cells)
    speeds = [f"{cell} {ratio_words(race.ratio(cell), first=False)}" for cell in cells[1:]]
    badges = [words for words, _ in badge_lines(race)]
    return f"{race.share:4.0%}  step {steps:6}  loss " + "  ".join([*parts, "| speed", *speeds, *badges])
