"""An inspected sequence: what a network's gates and states were at every step, and what it answered. No torch.

Shapes: T steps, H units, A numbers of an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from workbench.runs.cell_place import CellPlace


class Grid(msgspec.Struct, frozen=True):
    """Numbers of T rows and H columns, float32, row by row."""

    rows: int
    columns: int
    data: bytes

    def __post_init__(self) -> None:
        if len(self.data) != 4 * self.rows * self.columns:
            raise ValueError(f"A grid of {self.rows} × {self.columns} holds {len(self.data)} bytes")

    def row(self, at: int) -> list[float]:
        """Return the numbers of one step."""
        numbers: list[float] = self._numbers[at * self.columns : (at + 1) * self.columns].tolist()
        return numbers

    def column(self, at: int) -> list[float]:
        """Return the numbers of one unit."""
        numbers: list[float] = self._numbers[at :: self.columns].tolist()
        return numbers

    def lists(self) -> list[list[float]]:
        """Return all numbers, a list a step."""
        return [self.row(at) for at in range(self.rows)]

    @property
    def _numbers(self) -> Any:
        return memoryview(self.data).cast("f")


class InspectedCell(CellPlace, frozen=True, kw_only=True):
    """One layer in one direction, its steps in the text's order."""

    gates: dict[str, Grid] = msgspec.field(default_factory=dict)  # by name; none where the cell does not show them
    states: dict[str, Grid] = msgspec.field(default_factory=dict)  # the state after each step by part: h, c
    updates: dict[str, Grid] = msgspec.field(
        default_factory=dict
    )  # of each step: ``kept`` and ``written`` of the memory
    sigmoid_gates: list[str] = msgspec.field(default_factory=list)
    keep_gate: str = ""
    memory: str = "h"  # the part of the state that ``updates`` add up to

    def grids(self) -> dict[str, Grid]:
        """Return all of this cell's numbers by name: gates, states, kept and written."""
        return {
            **{f"gate {name}": grid for name, grid in self.gates.items()},
            **{f"state {name}": grid for name, grid in self.states.items()},
            **self.updates,
        }


class StepAnswer(msgspec.Struct, frozen=True):
    """The network's answer after a step: the likeliest, with their probabilities, and that of the right answer."""

    best: list[tuple[str, float]]
    expected: str = ""  # the right answer; empty where it is not known
    probability: float | None = None  # of ``expected``


class Contributions(msgspec.Struct, frozen=True, kw_only=True):
    """Contribution of each step to one number of the last answer, by two methods.

    ``gradient_input`` is the gradient of the number by the step's input times that input, summed up; ``occlusion`` is
    the fall of the number where that input is zero. The number is a log probability, or the mean of a forecast.
    """

    target: str  # the answer whose number it is
    gradient_input: list[float]  # T
    occlusion: list[float]  # T; steps that were blanked together share their fall
    together: int = 1  # steps that were blanked at a time
    correlation: float | None = None  # Pearson's, between the two; ``None`` where one of them does not vary


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """One sequence, inspected."""

    run: str  # its id
    name: str = ""  # what people call the run; empty: it has its id alone
    cell: str
    at: str  # the weights: "best", "last" or a kept step
    symbols: list[str]
    cells: list[InspectedCell]
    answers: list[StepAnswer]  # T; none where the answer is no distribution
    classes: list[str] = []  # A, where there are few
    probabilities: Grid | None = None  # (T,A) of ``classes``
    forecast: Grid | None = None  # (T,A): the forecast after each step
    times: list[str] = []  # A, of the forecast
    unit: str = ""  # of the forecast
    contributions: Contributions | None = None
    notes: list[str] = []
    traits: dict[str, list[float | None]] = {}  # T, what is known of each step

    @property
    def title(self) -> str:
        """Name of the run, or its id."""
        return self.name or self.run


class CorrelatedUnit(CellPlace, frozen=True, kw_only=True):
    """A unit whose state goes with a trait of the steps."""

    trait: str
    part: str  # of the state
    unit: int
    correlation: float
    places: int  # steps on which it was measured
    control: float  # 95th percentile of the largest |correlation| of any unit, over shuffled traits


class UnitSearch(msgspec.Struct, frozen=True, kw_only=True):
    """The units that go with each trait, the strongest first, over some rows of a split."""

    split: str
    rows: int
    units: list[CorrelatedUnit]
    shuffles: int
    notes: list[str] = []


def pearson(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """Return Pearson's correlation; ``None`` where one of the two does not vary."""
    count = len(xs)
    if count < 2:
        return None
    mean_x, mean_y = sum(xs) / count, sum(ys) / count
    dx, dy = [x - mean_x for x in xs], [y - mean_y for y in ys]
    spread = (sum(x * x for x in dx) * sum(y * y for y in dy)) ** 0.5
    return sum(x * y for x, y in zip(dx, dy, strict=True)) / spread if spread > 0 else None
