"""Numbers of one step in words: the answer, the gates, the units that are chosen and followed, the contributions."""

from __future__ import annotations

from collections.abc import Iterator

from textual.content import Content

from tasks.views import Series
from workbench.render.format import number, percent
from workbench.render.text import printable
from workbench.runs.inspections import Inspection
from workbench.tui.inspect.picture import Choice, Painter
from workbench.tui.widgets.table import flow

_DIGITS = 3
_TIMES = 6  # of a forecast that are named
Line = tuple[str, str]  # a name, and its figures


def numbers(painter: Painter, choice: Choice, step: int, chosen: int | None, *, room: int = 0) -> Content:
    """Return all numbers of a step.

    Args:
        chosen: number of the unit that is chosen in the heat map.
        room: cells of a line that is filled with several; 0: each has a line of its own.
    """
    found = painter.inspection
    if not 0 <= step < len(found.symbols):
        return Content("")
    lines = [*_answer(found, step), *_cell(painter, choice, step, chosen), *_contributions(found, step)]
    head = Content.styled(f"step {step + 1:,} of {len(found.symbols):,}  {printable(found.symbols[step])}", "bold")
    items = [Content.assemble((f"{name}  ", "$foreground-muted"), figures) for name, figures in lines]
    return Content("\n").join(flow([head, *items], room) if room else [head, *items])


def forecasts(found: Inspection, step: int) -> Series | None:
    """Return the forecast after a step beside the last one; ``None`` of a network that forecasts nothing."""
    if found.forecast is None or not 0 <= step < found.forecast.rows:
        return None
    now, end = (found.forecast.row(at) for at in (step, found.forecast.rows - 1))
    times = [float(at + 1) for at in range(len(end))]
    return Series(
        title="",
        note=f"{found.unit}, times ahead",
        x_label="",
        x=times,
        curves={"at this step": [*now], "at the end": [*end]},
    )


def _answer(found: Inspection, step: int) -> Iterator[Line]:
    if found.forecast:
        values = found.forecast.row(step)
        every = max(1, len(values) // _TIMES)
        for at in range(every - 1, len(values), every):
            yield printable(found.times[at]), f"{values[at]:.1f} {found.unit}".removesuffix(f" {found.times[at]}")
    if step < len(found.answers):
        answer = found.answers[step]
        yield "answer", ", ".join(f"{printable(name)} {percent(share)} %" for name, share in answer.best[:3])
        if answer.expected and answer.probability is not None:
            yield "right", f"{printable(answer.expected)} {percent(answer.probability)} %"


def _cell(painter: Painter, choice: Choice, step: int, chosen: int | None) -> Iterator[Line]:
    cell = painter.cell(choice)
    if cell is None:
        return
    if cell.gates:
        means = {name: sum(grid.row(step)) / max(1, grid.columns) for name, grid in cell.gates.items()}
        yield "mean of gates", "  ".join(f"{name} {number(mean, 2)}" for name, mean in means.items())
    units = [] if chosen is None else [(f"unit {chosen}", chosen, cell)]
    if unit := choice.followed:
        same = [one for one in painter.inspection.cells if (one.layer, one.direction) == (unit.layer, unit.direction)]
        units += [(unit.name, unit.number, one) for one in same if (unit.number, one) != (chosen, cell)]
    for name, at, one in units:
        values = [
            f"{part.removeprefix('gate ').removeprefix('state ')} {number(grid.row(step)[at], _DIGITS)}"
            for part, grid in one.grids().items()
            if at < grid.columns
        ]
        yield name, "  ".join(values)


def _contributions(found: Inspection, step: int) -> Iterator[Line]:
    if told := found.contributions:
        yield (
            f"added to {printable(told.target)}",
            (
                f"gradient × input {number(told.gradient_input[step], _DIGITS)}  "
                f"occlusion {number(told.occlusion[step], _DIGITS)}"
            ),
        )
        yield "the two methods", "correlate " + ("–" if told.correlation is None else f"{told.correlation:.2f}")
