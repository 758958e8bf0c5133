"""Standings of a race, made of its events: losses, speeds, and the differences between twins. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median, quantiles

import msgspec

from tasks.base import Metrics
from workbench.races.events import Begun, Contender, Ended, Evaluated, Event, Out, Turn

_LAST = 50  # steps at the end whose mean loss is told


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """Speed as a multiple of the first cell's: median and quartiles over the blocks of both, but their first."""

    median: float
    low: float
    high: float
    blocks: int


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Difference between the losses of two twins at the same steps."""

    twin_of: str
    largest: float
    at_step: int
    steps: int  # compared
    lost_at: int | None  # the first step above the race's bound


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one cell."""

    cell: str
    parameters: int
    twin_of: str
    parity: float | None  # of the outputs, before the first step
    steps: int
    examples: int
    seconds: float  # of the race's clock
    wall_s: float
    examples_per_s: float | None
    loss: float | None  # of the training, mean of the last steps
    metrics: Metrics  # on the validation split
    ratio: Ratio | None
    difference: Difference | None
    out: str  # why it left the race; empty: it did not


class Racing:
    """One cell's events so far."""

    def __init__(self, contender: Contender) -> None:
        self.contender = contender
        self.losses: list[float | None] = []
        self.turns: list[Turn] = []
        self.metrics: Metrics = {}
        self.out = ""
        self.seconds = self.wall_s = 0.0
        self.examples = 0

    @property
    def cell(self) -> str:
        return self.contender.cell

    def add(self, turn: Turn) -> None:
        self.turns.append(turn)
        self.losses += turn.losses
        self.seconds += turn.seconds
        self.wall_s += turn.wall_s
        self.examples += turn.examples

    @property
    def loss(self) -> float | None:
        """Mean training loss of the last steps; ``None``: none made, or not a number."""
        last = self.losses[-_LAST:]
        known = [loss for loss in last if loss is not None]
        return fmean(known) if known and len(known) == len(last) else None

    @property
    def speed(self) -> float | None:
        """Examples a second of the race's clock."""
        return self.examples / self.seconds if self.seconds > 0 else None


class Race:
    """A race as far as it has come: events are added, figures are read."""

    def __init__(self) -> None:
        self.begun: Begun | None = None
        self.cells: dict[str, Racing] = {}
        self.ended: Ended | None = None
        self._differences: dict[str, Difference] = {}
        self._compared: dict[str, int] = {}

    def add(self, event: Event) -> None:
        """Take in the next event."""
        match event:
            case Begun():
                self.begun = event
                self.cells = {one.cell: Racing(one) for one in event.contenders}
            case Turn():
                self.cells[event.cell].add(event)
                for racing in self.cells.values():
                    self._compare(racing)
            case Out():
                self.cells[event.cell].out = event.message
            case Evaluated():
                self.cells[event.cell].metrics = event.metrics
            case Ended():
                self.ended = event

    @property
    def share(self) -> float:
        """Share of the budget that is spent, by the cell that has spent least of it."""
        if self.begun is None:
            return 0.0
        budget = self.begun.budget
        spent = [
            len(one.losses) / budget.steps if budget.by == "steps" else one.seconds / budget.seconds
            for one in self.cells.values()
            if not one.out
        ]
        return min(1.0, *spent) if spent else 1.0

    def difference(self, cell: str) -> Difference | None:
        """Return the difference of a cell's losses from its twin's; ``None``: it has no twin here, or made no step."""
        return self._differences.get(cell)

    def ratio(self, cell: str) -> Ratio | None:
        """Return a cell's speed as a multiple of the first cell's; ``None``: no block of both yet."""
        first = next(iter(self.cells.values()))
        pace = {turn.block: turn.examples / turn.seconds for turn in first.turns if turn.seconds > 0}
        pairs = [
            turn.examples / turn.seconds / pace[turn.block]
            for turn in self.cells[cell].turns
            if turn.block in pace and turn.seconds > 0
        ]
        ratios = pairs[1:] or pairs  # the first block warms up
        if not ratios:
            return None
        low, _, high = quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
        return Ratio(median=median(ratios), low=low, high=high, blocks=len(ratios))

    def standings(self) -> list[Standing]:
        """Return the figures of every cell, in the order in which they were named."""
        return [
            Standing(
                cell=one.cell,
                parameters=one.contender.parameters,
                twin_of=one.contender.twin_of,
                parity=one.contender.parity,
                steps=len(one.losses),
                examples=one.examples,
                seconds=one.seconds,
                wall_s=one.wall_s,
                examples_per_s=one.speed,
                loss=one.loss,
                metrics=one.metrics,
                ratio=self.ratio(one.cell),
                difference=self.difference(one.cell),
                out=one.out,
            )
            for one in self.cells.values()
        ]

    def facts(self) -> dict[str, object]:
        """Return all numbers of the race, as ``--json`` prints and ``--save`` writes them."""
        begun = self.begun
        return {
            "race": begun and {name: getattr(begun, name) for name in begun.__struct_fields__ if name != "contenders"},
            "ended": self.ended.reason if self.ended else None,
            "cells": [
                {name: getattr(one, name) for name in one.__struct_fields__} | {"losses": self.cells[one.cell].losses}
                for one in self.standings()
            ],
        }

    def _compare(self, racing: Racing) -> None:
        """Compare a cell's losses with its twin's at the steps that both have made since the last comparison."""
        reference = self.cells.get(racing.contender.twin_of)
        if reference is None or self.begun is None:
            return
        start = self._compared.get(racing.cell, 0)
        end = min(len(racing.losses), len(reference.losses))
        before = self._differences.get(racing.cell)
        largest, at_step = (before.largest, before.at_step) if before else (0.0, 0)
        lost_at = before.lost_at if before else None
        for at in range(start, end):
            one, other = racing.losses[at], reference.losses[at]
            if one is None or other is None:
                if one is not other and lost_at is None:
                    lost_at = at + 1
                continue
            apart = abs(one - other)
            if apart > largest or not at_step:
                largest, at_step = max(apart, largest), at + 1
            if lost_at is None and apart > self.begun.bound:
                lost_at = at + 1
        self._compared[racing.cell] = end
        if end > start:
            self._differences[racing.cell] = Difference(
                twin_of=reference.cell, largest=largest, at_step=at_step, steps=end, lost_at=lost_at
            )


def parity_words(difference: Difference, bound: float) -> str:
    """Return a sentence on two twins: ``parity holds to 2.4e-07 over 300 steps``."""
    if difference.lost_at is None:
        to = f"to {difference.largest:.1e}" if difference.largest else "exactly"
        return f"parity holds {to} over {difference.steps:,} steps"
    if not difference.largest > bound:
        return f"parity is lost at step {difference.lost_at:,}: the loss of one of the two is no number there"
    return (
        f"parity is lost at step {difference.lost_at:,}: the losses differ by more than {bound:g}, "
        f"by {difference.largest:.1e} at step {difference.at_step:,}"
    )


def start_words(contenders: Sequence[Contender], seed: int) -> list[str]:
    """Return sentences on the weights from which the cells start, and the kernels that compute them."""
    words = []
    for one in contenders:
        if one.twin_of:
            apart = "" if one.parity is None else f" (outputs differ by {one.parity:.1e} at most)"
            words.append(f"{one.cell} starts from {one.twin_of}'s weights{apart}.")
    paired = {name for one in contenders if one.twin_of for name in (one.cell, one.twin_of)}
    alone = [one.cell for one in contenders if one.cell not in paired]
    if len(alone) == 1:
        words.append(f"{alone[0]} has no twin here: it starts from weights of its own, drawn from seed {seed}.")
    elif alone:
        names = f"{', '.join(alone[:-1])} and {alone[-1]}"
        words.append(f"{names} are no twins: each starts from weights of its own, drawn from seed {seed}.")
    kernels = [f"{one.cell} by {one.kernel}" for one in contenders if one.kernel]
    return [*words, *([f"Kernels: {', '.join(kernels)}."] if kernels else [])]
