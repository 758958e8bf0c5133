"""Search for the units whose state goes with a trait of the steps: a class, a tone, the end of a line.

Each unit's value after a step is correlated (Pearson) with the trait of that step, over some rows of a split. As a
control the trait is shuffled and the largest |correlation| of any unit taken: within each text by a random rotation,
which keeps its rhythm, or among the texts where a text has the trait at one step only.

Source: A. Karpathy, J. Johnson and L. Fei-Fei, Visualizing and Understanding Recurrent Networks, ICLR workshop 2016.
Shapes: T time, H hidden size, M places of all texts together, K shuffles.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cells._trace import Trace
from tasks.base import AnyTask, Data, Reading, Split
from workbench.engine.inspection import LONGEST, find_recurrent, in_text_order, rows_of
from workbench.runs.inspections import CorrelatedUnit, UnitSearch

SHUFFLES = 40
MOST_PLACES = 100_000  # steps of all texts together
_MOST_NUMBERS = 1 << 26  # of all units at all these steps: 256 MB
_AT_ONCE = 64  # units that are correlated at a time
_FEWEST = 10  # places below which nothing is correlated
_SEED = 0


class _Unit(NamedTuple):
    layer: int
    direction: int
    part: str
    number: int


class _Places(NamedTuple):
    """The steps at which one trait is known: their numbers among all steps, values, and each text's share."""

    at: list[int]
    values: list[float]
    counts: list[int]


def search(
    task: AnyTask, model: nn.Module, examples: Data, split: Split, *, rows: int = 500, most: int = 5
) -> Iterator[tuple[int, int] | UnitSearch]:
    """Yield the number of rows read and of all after each, then the ``most`` strongest units for each trait.

    Args:
        rows: of the split, drawn by a fixed seed; fewer where they have more than ``MOST_PLACES`` steps, or the units'
            values at them would fill the memory.

    Raises:
        ValueError: the network has no recurrence, its task has no readings or no traits, or every row is too long.
    """
    collected = _Collected()
    chosen = _rows(task, examples, split, rows)
    for row in chosen:
        with torch.no_grad():
            reading = task.reading_of_row(model, examples, row)
        if len(reading.symbols) > LONGEST:
            continue
        if not collected.add(model, reading):
            break
        yield collected.rows, len(chosen)
    if not collected.rows:
        raise ValueError(f"No row of the {split} split that was drawn has at most {LONGEST:,} steps.")
    places = collected.places
    if not places:
        raise ValueError("This task knows nothing of its steps (Reading.traits): there is no trait to look for.")
    states = torch.cat(collected.states)
    generator = torch.Generator().manual_seed(_SEED)
    found = [
        each
        for name, where in places.items()
        if len(where.at) >= _FEWEST and len(set(where.values)) > 1
        for each in _strongest(name, where, collected.units, states, most, generator)
    ]
    read = collected.rows
    notes = [f"{read:,} of the {rows:,} rows asked for were read."] if read < rows else []
    yield UnitSearch(split=split, rows=read, units=found, shuffles=SHUFFLES, notes=notes)


def _rows(task: AnyTask, examples: Data, split: Split, count: int) -> list[int]:
    every = rows_of(task, examples, split)
    chosen = torch.randperm(len(every), generator=torch.Generator().manual_seed(_SEED))[:count]
    return [every[place] for place in chosen.tolist()]


class _Collected:
    """States of all units at every step of the rows read so far, and where each trait is known."""

    def __init__(self) -> None:
        self.rows = 0
        self.units: list[_Unit] = []
        self.states: list[Tensor] = []  # (T,units) of each row
        self.places: dict[str, _Places] = {}
        self._steps = 0

    def add(self, model: nn.Module, reading: Reading) -> bool:
        """Add a row; false where there would be too many steps."""
        time = len(reading.symbols)
        most = min(MOST_PLACES, _MOST_NUMBERS // max(1, len(self.units)))
        if self.rows and self._steps + time > most:
            return False
        named = [*_states(model, reading)]
        self.units = self.units or [
            _Unit(layer, direction, part, number)
            for layer, direction, part, values in named
            for number in range(values.shape[1])
        ]
        self.states.append(torch.cat([values for *_, values in named], 1))
        for name, values in reading.traits.items():
            known = [(self._steps + step, value) for step, value in enumerate(values) if not math.isnan(value)]
            where = self.places.setdefault(name, _Places([], [], []))
            where.at.extend(step for step, _ in known)
            where.values.extend(value for _, value in known)
            where.counts.append(len(known))
        self._steps, self.rows = self._steps + time, self.rows + 1
        return True


def _states(model: nn.Module, reading: Reading) -> Iterator[tuple[int, int, str, Tensor]]:
    """Yield layer, direction, part of the state, and its values (T,H) in the order of the text."""
    recurrent = find_recurrent(model)
    with torch.inference_mode(), recurrent.traced(Trace(gates=False)) as trace:
        recurrent(reading.inputs)
    for cell in trace.passes[-1]:
        for part in cell.states[0]._fields:
            values = in_text_order(cell, [getattr(state, part) for state in cell.states])
            if values.is_floating_point():
                yield cell.layer, cell.direction, part, values.float().cpu()


def _strongest(
    name: str, where: _Places, units: list[_Unit], states: Tensor, most: int, generator: torch.Generator
) -> Iterator[CorrelatedUnit]:
    values = torch.tensor(where.values, dtype=torch.float32)  # (M,)
    shuffled = [_shuffled(values, where.counts, generator) for _ in range(SHUFFLES)]
    found = correlations(states[where.at], torch.stack([values, *shuffled], 1))  # (units,1+K)
    control = float(found[:, 1:].abs().amax(0).quantile(0.95))
    real = found[:, 0]
    for number in real.abs().topk(min(most, len(units))).indices.tolist():
        unit = units[number]
        yield CorrelatedUnit(
            trait=name,
            layer=unit.layer,
            direction=unit.direction,
            part=unit.part,
            unit=unit.number,
            correlation=float(real[number]),
            places=len(values),
            control=control,
        )


def correlations(states: Tensor, traits: Tensor) -> Tensor:
    """Return Pearson's correlation of every unit (M,U) with every trait (M,K): (U,K); 0 where one does not vary."""
    y = traits.double() - traits.double().mean(0)
    return torch.cat([_correlated(some.double(), y) for some in torch.split(states, _AT_ONCE, 1)])


def _correlated(x: Tensor, y: Tensor) -> Tensor:
    """Return the correlation of a few units (M,U) with traits (M,K) of mean zero: (U,K)."""
    x = x - x.mean(0)
    spread = x.norm(dim=0)[:, None] * y.norm(dim=0)[None]
    return torch.where(spread > 0, x.T @ y / spread.clamp(min=1e-300), 0.0)


def _shuffled(values: Tensor, counts: list[int], generator: torch.Generator) -> Tensor:
    """Return values (M,) rotated within each text, or permuted among the texts where none has two."""
    if max(counts) < 2:
        return values[torch.randperm(len(values), generator=generator)]
    turns = torch.randint(1 << 30, (len(counts),), generator=generator).tolist()
    parts = torch.split(values, counts)
    return torch.cat([part.roll(1 + turn % max(1, len(part) - 1)) for part, turn in zip(parts, turns, strict=True)])
