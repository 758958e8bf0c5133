"""Inspections made by hand, and what stands for the child that makes them."""

from __future__ import annotations

import math
import threading
from array import array
from collections.abc import Iterator, Sequence
from typing import Any

from workbench.inference.client import Cancelled
from workbench.inference.protocol import (
    Begun,
    Character,
    End,
    Example,
    Examples,
    FindUnits,
    Generate,
    Inspect,
    Inspected,
    Judged,
    Listed,
    UnitsFound,
)
from workbench.runs.folder import RunError
from workbench.runs.inspections import (
    Contributions,
    CorrelatedUnit,
    Grid,
    InspectedCell,
    Inspection,
    StepAnswer,
    UnitSearch,
)
from workbench.runs.run import Run

CLASSES = ["zero", "one", "two [red]"]
UNITS = 8
FIRST_ROW = "Schmidt"


def grid(rows: int, columns: int, value: Any) -> Grid:
    """Return the numbers ``value(step, unit)``."""
    numbers = array("f", (value(step, unit) for step in range(rows) for unit in range(columns)))
    return Grid(rows, columns, numbers.tobytes())


def inspection(
    symbols: Sequence[str], *, gates: bool = True, layers: int = 2, contributions: bool = True, **more: Any
) -> Inspection:
    """Return an inspection whose unit 3 is the liveliest, and whose answer becomes surer of ``one``."""
    count = len(symbols)

    def wave(shift: float) -> Grid:
        return grid(count, UNITS, lambda t, u: math.sin(t + shift) * (1.0 if u == 3 else 0.1 * u))

    def gate(shift: float) -> Grid:
        return grid(count, UNITS, lambda t, u: 0.5 + 0.45 * math.sin(t * (u + 1) + shift))

    cells = [
        InspectedCell(
            layer=layer,
            direction=0,
            gates={"i": gate(0), "f": gate(1 + layer)} if gates else {},
            states={"h": wave(layer), "c": wave(1 + layer)},
            updates={"kept": wave(2), "written": wave(3)} if gates else {},
            sigmoid_gates=["i", "f"] if gates else [],
            keep_gate="f" if gates else "",
            memory="c" if gates else "h",
        )
        for layer in range(layers)
    ]
    shares = [[1 - 2 * p, p, p] for p in (0.4 * (t + 1) / count for t in range(count))]
    shares = [[a, 1 - a - c / 2, c / 2] for a, _, c in shares]
    told = Contributions(
        target="one",
        gradient_input=[math.cos(t) for t in range(count)],
        occlusion=[math.cos(t) / 2 for t in range(count)],
        correlation=1.0 if count > 1 else None,
    )
    made = {
        "run": "run",
        "cell": "lstm" if gates else "torch-lstm",
        "at": "best",
        "symbols": [*symbols],
        "cells": cells,
        "answers": [
            StepAnswer(sorted(zip(CLASSES, row, strict=True), key=lambda pair: -pair[1]), "", None) for row in shares
        ],
        "classes": CLASSES,
        "probabilities": grid(count, 3, lambda t, k: shares[t][k]),
        "contributions": told if contributions else None,
    }
    return Inspection(**{**made, **more})


class Children:
    """Answers of the children, the requests to them, and those that were opened."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Inspect]] = []  # the weights, and the request
        self.opened: list[tuple[str, str]] = []  # run and weights
        self.refuses: dict[str, str] = {}  # sentence by text; of "" on opening
        self.gates = True
        self.more: dict[str, Any] = {}
        self.free = threading.Event()  # unset: answers wait
        self.free.set()
        self.searches = 0
        self.found_free = threading.Event()
        self.found_free.set()
        self.given_up = 0
        self.closed = 0

    @property
    def texts(self) -> list[str]:
        """The texts that were asked about at first, in their order."""
        return [request.text for _, request in self.asked if not request.contributions]

    def client(self, run: Run, at: str = "best") -> Child:
        return Child(self, run, at)


class Child:
    """A client without a process."""

    def __init__(self, children: Children, run: Run, at: str) -> None:
        if "" in children.refuses:
            raise RunError(children.refuses[""])
        self._children, self._at = children, at
        self._cancelled = threading.Event()
        children.opened.append((run.id, at))

    def inspect(self, request: Inspect) -> Inspected:
        children = self._children
        self._cancelled.clear()
        children.asked.append((self._at, request))
        while not children.free.wait(0.01):
            if self._cancelled.is_set():
                raise Cancelled("The request was cancelled.")
        if request.place is not None and "row" in children.refuses:
            raise ValueError(children.refuses["row"])
        if request.text in children.refuses:
            raise ValueError(children.refuses[request.text])
        text = request.text if request.place is None and request.row is None else FIRST_ROW[request.place or 0 :]
        symbols = text.split(" ") if " " in text else list(text)
        gates = children.gates or request.twin
        return Inspected(
            inspection=inspection(symbols, gates=gates, contributions=request.contributions, **children.more)
        )

    def examples(self, request: Examples) -> Iterator[Listed]:
        yield Listed(total=1, examples=[Example(text="Chou", true=0.31, guess=0.54, row=7)])

    def generate(self, request: Generate) -> Iterator[Begun | Character | End]:
        yield Begun(text="")
        for letter in "明月光。":
            yield Character(text=letter, log_probability=-1.0)
        yield End(reason="ended")

    def find_units(self, request: FindUnits) -> Iterator[Judged | UnitsFound]:
        self._children.searches += 1
        over = False
        try:
            while True:
                yield Judged(done=7, total=request.rows)
                if self._children.found_free.wait(0.02):
                    break
            over = True
            yield UnitsFound(found=found())
        finally:
            self._children.given_up += not over

    def cancel(self) -> None:
        self._cancelled.set()

    def end(self) -> None:
        self._cancelled.set()

    def close(self) -> None:
        self._children.closed += 1


def found() -> UnitSearch:
    """Return units for one trait, the first of them beyond the control."""
    units = [
        CorrelatedUnit(
            trait="end of a line [red]",
            layer=layer,
            direction=0,
            part=part,
            unit=unit,
            correlation=value,
            places=420,
            control=0.31,
        )
        for layer, part, unit, value in ((1, "c", 5, -0.81), (0, "h", 2, 0.12))
    ]
    return UnitSearch(split="test", rows=7, units=units, shuffles=40)
