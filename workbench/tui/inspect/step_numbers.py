"""Numbers of one step in words: the answer, the gates, the units that are chosen and followed, the contributions."""

from __future__ import annotations

from collections.abc import Iterator

from textual.content import Content

from workbench.render.format import number, percent
from workbench.render.text import printable
from workbench.runs.inspections import Inspection
from workbench.tui.inspect.picture import Choice, Painter

_DIGITS = 3
_TIMES = 6  # of a forecast that are named
Line = tuple[str, str]  # a name, and its figures


def numbers(painter: Painter, choice: Choice, step: int, chosen: int | None, *, brief: bool) -> Content:
    """Return all numbers of a step.

    Args:
        chosen: number of the unit that is chosen in the heat map.
        brief: in a line or two.
    """
    found = painter.inspection
    if not 0 <= step < len(found.symbols):
        return Content("")
    head = (f"step {step + 1:,} of {len(found.symbols):,}  {printable(found.symbols[step])}", "bold")
    lines = [*_answer(found, step), *_cell(painter, choice, step, chosen), *_contributions(found, step)]
    if brief:
        return Content.assemble(head, "   ", ("   ".join(f"{name} {figures}" for name, figures in lines), ""))
    parts: list[Line | str] = [head]
    for name, figures in lines:
        parts += ["\n", (f"{name}  ", "$foreground-muted"), figures]
    return Content.assemble(*parts)


def _answer(found: Inspection, step: int) -> Iterator[Line]:
    if found.forecast:
        values = found.forecast.row(step)
        every = max(1, len(values) // _TIMES)
        for at in range(every - 1, len(values), every):
            yield printable(found.times[at]), f"{values[at]:.1f} {found.unit}"
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
