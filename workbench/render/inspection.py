"""An inspected sequence as printed tables: step by step, one unit, units by their correlation."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from workbench.render.text import printable
from workbench.runs.inspections import Grid, InspectedCell, Inspection, UnitSearch

_BAR = 8  # cells of the longest bar


def overview(found: Inspection, cell: int = 0) -> RenderableType:
    """Return a row a step: the symbol, the answer so far, the gates' means, and what the step contributed.

    Args:
        cell: number of the layer and direction whose gates are shown.
    """
    shown = found.cells[cell]
    table = _table(_heads(found, shown), left=2 + bool(found.answers))
    gained, blanked = _contributed(found)
    longest = max(map(abs, gained), default=0.0)
    for step, symbol in enumerate(found.symbols):
        cells = [str(step + 1), printable(symbol), *_answered(found, step)]
        cells += [f"{mean(grid, step):.2f}" for grid in shown.gates.values()]
        cells.append(f"{rms(shown.states[shown.memory], step):.2f}" if shown.memory in shown.states else "")
        if found.contributions:
            cells += [f"{gained[step]:+.3f}", bar(gained[step], longest), f"{blanked[step]:+.3f}"]
        table.add_row(*map(Text, cells))
    return Group(Text(_title(found, shown), "bold"), table, *map(_dim, _remarks(found, shown)))


def unit(found: Inspection, cell: int, part: str, number: int) -> RenderableType:
    """Return a row a step with the value of one unit of a gate or of a part of the state."""
    shown = found.cells[cell]
    grids = {name: grid for name, grid in shown.grids().items() if number < grid.columns}
    table = _table(["step", "symbol", *grids, f"{part}"], left=2)
    values = shown.states[part].column(number)
    longest = max(map(abs, values), default=0.0)
    for step, symbol in enumerate(found.symbols):
        cells = [str(step + 1), printable(symbol), *(f"{grid.row(step)[number]:+.3f}" for grid in grids.values())]
        table.add_row(*map(Text, [*cells, bar(values[step], longest)]))
    title = f"{found.title}: unit {number} (0 to {shown.states[part].columns - 1}), {shown.name}"
    return Group(Text(printable(title), "bold"), table, *map(_dim, map(printable, found.notes)))


def side_by_side(found: Sequence[Inspection], cells: Sequence[int]) -> RenderableType:
    """Return a row a step with the answer of each of several networks on the same text, and how much each keeps.

    Args:
        cells: of each, the number of the layer and direction whose keep gate is shown.
    """
    heads = ["step", "symbol"]
    for one in found:
        heads += [f"{one.cell} ({one.at})", "keeps", "contribution"]
    table = _table(heads, left=3)
    gained = [_contributed(one)[0] for one in found]
    for step, symbol in enumerate(found[0].symbols):
        row = [str(step + 1), printable(symbol)]
        for number, one in enumerate(found):
            shown = one.cells[cells[number]]
            keep = shown.gates.get(shown.keep_gate)
            row += [" ".join(_answered(one, step)[:2]), f"{mean(keep, step):.2f}" if keep else "–"]
            row.append(f"{gained[number][step]:+.3f}" if gained[number] else "")
        table.add_row(*map(Text, row))
    return Group(Text(printable(" beside ".join(f"{one.title} ({one.at})" for one in found)), "bold"), table)


def units(found: UnitSearch) -> RenderableType:
    """Return the units that go with each trait."""
    table = _table(["trait", "layer", "part", "unit", "correlation", "shuffled", "places"], left=3)
    for one in found.units:
        layer = one.name.removeprefix("layer ")
        clear = abs(one.correlation) > one.control
        figures = [f"{one.unit}", f"{one.correlation:+.3f}{' *' if clear else '  '}", f"±{one.control:.3f}"]
        figures.append(f"{one.places:,}")
        table.add_row(
            *(Text(text, "" if clear else "dim") for text in [printable(one.trait), layer, one.part, *figures])
        )
    told = (
        f"Pearson's correlation over {found.rows:,} rows of the {found.split} split; shuffled: the largest of any unit "
        f"where the trait is shuffled (95th percentile of {found.shuffles} shuffles); * is larger than that."
    )
    return Group(table, *map(_dim, [told, *found.notes]))


def mean(grid: Grid, step: int) -> float:
    """Return the mean of a step's units."""
    return sum(grid.row(step)) / max(1, grid.columns)


def rms(grid: Grid, step: int) -> float:
    """Return the root mean square of a step's units."""
    return float((sum(value * value for value in grid.row(step)) / max(1, grid.columns)) ** 0.5)


def bar(value: float, longest: float) -> str:
    """Return a bar of a value's size, with its sign at its side of the middle."""
    size = round(abs(value) / longest * _BAR) if longest else 0
    return f"{'█' * size:>{_BAR}}│" if value < 0 else f"{'':{_BAR}}│{'█' * size}"


def _title(found: Inspection, shown: InspectedCell) -> str:
    weights = f"weights of step {int(found.at):,}" if found.at.isdecimal() else f"{found.at} weights"
    layers = len({cell.layer for cell in found.cells})
    return printable(f"{found.title}, {found.cell}, {weights}: {shown.name} of {layers}")


def _heads(found: Inspection, shown: InspectedCell) -> list[str]:
    heads = ["step", "symbol"]
    if found.answers:
        heads += ["answer so far", "p"]
        heads += ["right", "p right"] if any(one.expected for one in found.answers) else []
    elif found.forecast:
        heads.append(f"mean forecast, {found.unit}" if len(found.times) > 1 else found.unit)
    heads += [*shown.gates, f"|{shown.memory}|"]
    if found.contributions:
        heads += ["grad × input", "", "occlusion"]
    return heads


def _answered(found: Inspection, step: int) -> list[str]:
    """Return the cells of the answer after a step."""
    if found.forecast:
        return [f"{mean(found.forecast, step):.2f}"]
    answer = found.answers[step]
    name, probability = answer.best[0]
    cells = [printable(name), f"{probability:.1%}"]
    if any(one.expected for one in found.answers):
        cells += [printable(answer.expected), "" if answer.probability is None else f"{answer.probability:.1%}"]
    return cells


def _contributed(found: Inspection) -> tuple[list[float], list[float]]:
    given = found.contributions
    return (given.gradient_input, given.occlusion) if given else ([], [])


def _remarks(found: Inspection, shown: InspectedCell) -> list[str]:
    """Return sentences on what the columns hold, and on the sequence."""
    remarks = []
    if given := found.contributions:
        about = f"to the {given.target}" if found.forecast else f"to log p({given.target})"
        remarks.append(f"Contributions are {about} at the end.")
        if given.correlation is not None:
            remarks[-1] += f" Gradient × input and occlusion correlate by {given.correlation:+.2f}."
        if given.together > 1:
            remarks.append(f"Occlusion blanks {given.together} steps at a time.")
    return [*remarks, *map(printable, found.notes)]


def _table(heads: Sequence[str], left: int) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for number, head in enumerate(heads):
        table.add_column(
            Text(printable(head)), justify="left" if 0 < number < left or not head else "right", no_wrap=True
        )
    return table


def _dim(sentence: str) -> Text:
    return Text(sentence, "dim")
