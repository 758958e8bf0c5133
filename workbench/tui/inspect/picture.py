"""Picture of an inspection: the rows over its steps that a view shows, or the sentence why there are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, get_args

import cells
from workbench.render.format import number
from workbench.render.text import printable
from workbench.runs.inspections import Grid, InspectedCell, Inspection
from workbench.tui.inspect.step_rows import (
    BandRows,
    BarRows,
    LikeliestRows,
    Stacked,
    StackRows,
    StepRows,
    UnitRows,
    by_activity,
    largest,
)

View = Literal["gates", "states", "memory", "answer", "contributions", "units"]
VIEWS: tuple[View, ...] = get_args(View)
Form = Literal["activity", "number", "mean"]
FORMS: tuple[Form, ...] = get_args(Form)
_WORDS: dict[Form, str] = {
    "activity": "liveliest first",
    "number": "by number",
    "mean": "mean of units",
}
_FEW = 6  # classes that are told apart by colors
_LEAST_BAND = 4  # rows of a chart
Make = Callable[[int], StepRows]


class Unit(NamedTuple):
    """A unit that is followed over the whole text."""

    layer: int
    direction: int
    number: int

    @property
    def name(self) -> str:
        """Layer, direction and number in words."""
        return f"unit {self.number} of layer {self.layer + 1}{' backward' * self.direction}"


class Choice(NamedTuple):
    """Parts of an inspection that are drawn.

    Attributes:
        parts: the chosen gate, part of the state and update, by view: an index.
        cell: index of the layer and direction.
    """

    view: View = "gates"
    parts: tuple[int, int, int] = (0, 0, 0)
    cell: int = 0
    form: Form = "activity"
    followed: Unit | None = None


class Picture(NamedTuple):
    """Rows over the steps.

    Attributes:
        make: of a number of lines; none where there is nothing to draw.
        title: the words above.
        problem: why there is nothing to draw.
        legend: names of the own colors, by index.
        signs: the meaning of a positive and of a negative shade.
        background: T, shades of the text's symbols, −1 to 1; empty: none.
        pinned: rows that stay above the others.
    """

    make: Make | None
    title: str
    problem: str = ""
    legend: Sequence[str] = ()
    signs: tuple[str, str] | None = None
    background: Sequence[float] = ()
    pinned: Make | None = None


class _Shading(NamedTuple):
    """Shades and range of a part's values."""

    middle: float  # the value without a shade
    scale: float  # the full shade's difference from it
    low: float
    high: float
    signs: tuple[str, str]


class Painter:
    """Makes the pictures of one inspection; what takes long is computed once."""

    def __init__(self, inspection: Inspection) -> None:
        self.inspection = inspection
        self._orders: dict[int, list[int]] = {}
        self._scales: dict[int, float] = {}

    def cell(self, choice: Choice) -> InspectedCell | None:
        """Return the chosen layer and direction."""
        every = self.inspection.cells
        return every[choice.cell % len(every)] if every else None

    def parts(self, choice: Choice) -> dict[str, Grid]:
        """Return the grids between which a view's part is chosen, by name."""
        cell = self.cell(choice)
        if cell is None:
            return {}
        match choice.view:
            case "gates":
                return cell.gates
            case "states":
                return cell.states
            case "memory":
                return cell.updates
        return {}

    def part(self, choice: Choice) -> tuple[str, Grid] | None:
        """Return the chosen part, and its name."""
        parts = [*self.parts(choice).items()]
        return parts[choice.parts[VIEWS.index(choice.view)] % len(parts)] if parts else None

    def paint(self, choice: Choice) -> Picture:
        """Return the picture of a choice."""
        match choice.view:
            case "answer":
                return self._answer(choice)
            case "contributions":
                return self._contributions()
        return self._grids(choice)

    def followed(self, choice: Choice) -> tuple[str, list[float]] | None:
        """Return the values of the followed unit in the chosen part, or in the memory, and their name."""
        unit = choice.followed
        if unit is None:
            return None
        every = self.inspection.cells
        cell = next((one for one in every if (one.layer, one.direction) == (unit.layer, unit.direction)), None)
        here = self.cell(choice)
        if cell is None or here is None:
            return None
        found = self.part(choice) if cell is here else None
        name, grid = found or (cell.memory, cell.states.get(cell.memory) or next(iter(cell.states.values())))
        return (name, grid.column(unit.number)) if unit.number < grid.columns else None

    def _shading(self, name: str, grid: Grid, cell: InspectedCell) -> _Shading:
        """Return the shades of a part: of a gate between 0 and 1 from the middle, else as far as its largest value."""
        if name in cell.sigmoid_gates and grid is cell.gates.get(name):
            return _Shading(0.5, 0.5, 0.0, 1.0, ("open", "shut"))
        grids = cell.updates.values() if any(grid is one for one in cell.updates.values()) else [grid]
        scale = max(self._largest(one) for one in grids) or 1.0
        return _Shading(0.0, scale, -scale, scale, ("above 0", "below"))

    def _largest(self, grid: Grid) -> float:
        if id(grid) not in self._scales:
            self._scales[id(grid)] = largest(grid)
        return self._scales[id(grid)]

    def _order(self, grid: Grid, form: Form) -> Sequence[int]:
        if form != "activity":
            return range(grid.columns)
        if id(grid) not in self._orders:
            self._orders[id(grid)] = by_activity(grid)
        return self._orders[id(grid)]

    def _grids(self, choice: Choice) -> Picture:
        cell, part = self.cell(choice), self.part(choice)
        if cell is None:
            return Picture(None, "", "This network has no recurrence: there is nothing to show.")
        if part is None:
            return Picture(None, cell.name, self._lacks(choice))
        name, grid = part
        shading = self._shading(name, grid, cell)
        words = {"gates": "gate {}", "states": "state {}", "memory": "{} of the memory " + cell.memory}
        title = f"{words[choice.view].format(name)}, {cell.name}, {_WORDS[choice.form]}"
        mean = choice.form == "mean"
        title += f" (full colour: ±{number(shading.scale, 2)})" * (not mean and not shading.middle)
        return Picture(
            self._bands(choice, cell, name) if mean else self._units(grid, shading, choice.form),
            title,
            signs=None if mean else shading.signs,
            background=self._background(choice),
            pinned=self._pinned(choice),
        )

    def _units(self, grid: Grid, shading: _Shading, form: Form) -> Make:
        order = self._order(grid, form)
        return lambda _: UnitRows(grid, shading.scale, order, middle=shading.middle)

    def _bands(self, choice: Choice, cell: InspectedCell, chosen: str) -> Make:
        """Return the charts of all parts where there is room, else of the chosen one."""
        parts = self.parts(choice)

        def band(name: str, lines: int, *, named: bool) -> BandRows:
            shading = self._shading(name, parts[name], cell)
            rows = BandRows(parts[name], shading.low, shading.high, lines)
            if named:
                rows.labels = [f"{name} {label}" if row == 0 else label for row, label in enumerate(rows.labels)]
            return rows

        def make(lines: int) -> StepRows:
            each = lines // len(parts)
            if each < _LEAST_BAND:
                return band(chosen, lines, named=False)
            return Stacked([band(name, each, named=True) for name in parts])

        return make

    def _lacks(self, choice: Choice) -> str:
        cell = self.inspection.cell
        if choice.view == "gates":
            return f"{cell} does not show its gates." if cells.declared_twin(cell) else f"{cell} has no gates."
        return f"{cell} does not tell what it writes to its memory and keeps of it."

    def _answer(self, choice: Choice) -> Picture:
        found = self.inspection
        pinned, background = self._pinned(choice), self._background(choice)
        if forecast := found.forecast:
            values = [value for step in range(forecast.rows) for value in forecast.row(step)]
            middle = sum(values) / len(values)
            most = max(abs(value - middle) for value in values) or 1.0
            labels = [printable(time) for time in found.times]

            def hours(lines: int) -> StepRows:
                """As many times of the forecast as have room, evenly spread."""
                every = max(1, -(-len(labels) // max(1, lines)))
                order = range(every - 1, len(labels), every)
                return UnitRows(forecast, most, order, [labels[at] for at in order], middle=middle)

            return Picture(
                hours,
                f"forecast after each step, {middle:.1f} ± {most:.1f} {found.unit}",
                signs=("above the mean", "below"),
                background=background,
                pinned=pinned,
            )
        if (shares := found.probabilities) and found.classes:
            chosen = _likeliest(shares, {answer.expected for answer in found.answers}, found.classes)
            return Picture(
                lambda lines: StackRows(shares, chosen, lines),
                "probabilities after each step",
                legend=[printable(found.classes[index]) for index in chosen],
                background=background,
                pinned=pinned,
            )
        if not found.answers:
            return Picture(None, "", "This network answers nothing after single steps.")
        return Picture(
            lambda _: LikeliestRows(found.answers), "the likeliest answers after each step", background=background,
            pinned=pinned,
        )  # fmt: skip

    def _contributions(self) -> Picture:
        told = self.inspection.contributions
        if told is None:
            return Picture(None, "contributions", "Contributions are being measured …")
        together = "do not correlate" if told.correlation is None else f"correlate {told.correlation:.2f}"
        blanked = f", {told.together} steps blanked at a time" if told.together > 1 else ""

        def make(lines: int) -> StepRows:
            upper = lines - lines // 2
            return Stacked(
                [BarRows(told.gradient_input, upper, "grad×in"), BarRows(told.occlusion, lines // 2, "occlusion")]
            )

        most = max(map(abs, told.gradient_input), default=0.0) or 1.0
        return Picture(
            make,
            f"added to {printable(told.target)}, methods {together}{blanked}",
            background=[value / most for value in told.gradient_input],
        )

    def _pinned(self, choice: Choice) -> Make | None:
        followed = self.followed(choice)
        if followed is None or choice.followed is None:
            return None
        name, values = followed
        label = f"{name} {choice.followed.number}"
        return lambda lines: BarRows(values, lines, label)

    def _background(self, choice: Choice) -> Sequence[float]:
        """Return the shades of the followed unit's values: of a gate from its middle, else as far as the largest."""
        followed, cell = self.followed(choice), self.cell(choice)
        if followed is None or cell is None:
            return ()
        name, values = followed
        if choice.view == "gates" and name in cell.sigmoid_gates:
            return [2 * value - 1 for value in values]
        most = max(map(abs, values), default=0.0) or 1.0
        return [value / most for value in values]


def _likeliest(shares: Grid, expected: set[str], classes: Sequence[str]) -> list[int]:
    """Return the few classes with the highest mean probability, and those that are right, in their own order."""
    means = [sum(shares.column(index)) for index in range(shares.columns)]
    ranked = sorted(range(shares.columns), key=lambda index: (classes[index] not in expected, -means[index]))
    return sorted(ranked[:_FEW])
