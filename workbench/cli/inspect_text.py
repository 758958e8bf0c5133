"""Inspection of trained networks on a text, printed as tables, JSON or CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple, cast

import msgspec

from tasks.base import Split
from tasks.shared import files
from workbench.config.spec import SpecError
from workbench.render.streams import narrate, print_json
from workbench.runs.export import harmless
from workbench.runs.inspections import Inspection, UnitSearch
from workbench.runs.run import Run


class Wanted(NamedTuple):
    """Sequence and parts of an inspection that are asked for, as typed; layers and rows count from 1, units from 0."""

    text: str = ""
    row: int = 0
    split: str = "test"
    target: str = ""
    layer: int = 0
    part: str = ""
    unit: int | None = None
    twin: bool = False

    def check(self) -> None:
        """Raises: SpecError: neither a text nor a row is named, or both are."""
        if not self.text and not self.row:
            raise SpecError(
                "Say what to look at: a text, `workbench inspect RUN TEXT`, a row of the data, --row N, the gradient "
                "through time, --gradients, or its units, --units."
            )
        if self.text and self.row:
            raise SpecError(f"Give a text or --row {self.row}, not both.")


def inspect_text(
    runs: Sequence[tuple[Run, str]], wanted: Wanted, device: str, csv_file: Path | None, json: bool
) -> None:
    """Inspect runs, each with its weights' name, on one sequence, and print what is asked for.

    Raises:
        SpecError: as ``inspections``, or the CSV file cannot be written.
    """
    if csv_file and csv_file.suffix.lower() != ".csv":
        raise SpecError(f"--csv {csv_file}: the name must end in .csv.")
    found = inspections(runs, wanted, device)
    if csv_file:
        _write_csv(csv_file, found)
    if json:
        print_json([_plain(one) for one in found])
        return
    _print(found, wanted)


def find_units(run: Run, at: str, split: str, rows: int, most: int, device: str, *, json: bool) -> None:
    """Search a split for the units that go with each trait, and print them.

    Raises:
        SpecError: the network or its task has none to look for; one sentence says why.
        DataError, RunError, CheckpointError, DeviceError: each with one plain sentence.
    """
    from workbench.engine import inspected_run
    from workbench.render import inspection
    from workbench.render.console import wide_console

    opened = inspected_run.open_run(run, at, device)
    narrate(f"Reading {rows:,} rows of the {split} split …")
    result: UnitSearch | None = None
    try:
        for step in opened.find_units(cast(Split, split), rows=rows, most=most):
            result = step if isinstance(step, UnitSearch) else None
    except ValueError as error:
        raise SpecError(str(error)) from None
    assert result is not None
    if json:
        units = [{**msgspec.to_builtins(one), **one.place} for one in result.units]
        print_json({**msgspec.to_builtins(result), "units": units})
        return
    wide_console().print(inspection.units(result))


def inspections(runs: Sequence[tuple[Run, str]], wanted: Wanted, device: str) -> list[Inspection]:
    """Inspect runs, each with its weights' name, on one sequence.

    Raises:
        SpecError: the sequence cannot be read, or there is no such layer; one sentence says why.
        DataError, RunError, CheckpointError, DeviceError: each with one plain sentence.
    """
    return [_inspect(run, at, wanted, device) for run, at in runs]


def _inspect(run: Run, at: str, wanted: Wanted, device: str) -> Inspection:
    from workbench.engine import inspected_run

    opened = inspected_run.open_run(run, at, device)
    place = wanted.row - 1 if wanted.row else None
    try:
        return opened.inspect(
            wanted.text, split=cast(Split, wanted.split), place=place, target=wanted.target, twin=wanted.twin
        )
    except ValueError as error:
        raise SpecError(str(error)) from None


def _print(found: Sequence[Inspection], wanted: Wanted) -> None:
    from workbench.render import inspection
    from workbench.render.console import wide_console

    console = wide_console()
    for one in found:
        cell = cell_of(one, wanted.layer)
        if wanted.unit is not None:
            part = wanted.part or one.cells[cell].memory
            states = one.cells[cell].states
            if part not in states:
                raise SpecError(f"--part {part}: {one.cell}'s state has {' and '.join(states)}.")
            if wanted.unit >= states[part].columns:
                raise SpecError(f"--unit {wanted.unit}: {one.cell}'s units count from 0 to {states[part].columns - 1}.")
            console.print(inspection.unit(one, cell, part, wanted.unit))
        else:
            console.print(inspection.overview(one, cell))
    if len(found) > 1 and wanted.unit is None:
        if len({tuple(one.symbols) for one in found}) == 1:
            console.print(inspection.side_by_side(found, [cell_of(one, wanted.layer) for one in found]))
        else:
            narrate("These networks cut the text into different steps, so no table sets them side by side.")


def cell_of(found: Inspection, layer: int) -> int:
    """Return the number of the first direction of a layer, from 1; of the last layer where none is named."""
    layers = [cell.layer + 1 for cell in found.cells]
    if layer and layer not in layers:
        raise SpecError(f"--layer {layer}: this network has {layers[-1]}.")
    return layers.index(layer or layers[-1])


def _plain(found: Inspection) -> dict[str, object]:
    """Return every number of an inspection as plain data, grids as a list a step."""
    cells = [
        {
            **cell.place,
            "gates": {name: grid.lists() for name, grid in cell.gates.items()},
            "states": {name: grid.lists() for name, grid in cell.states.items()},
            **{name: grid.lists() for name, grid in cell.updates.items()},
            "keep_gate": cell.keep_gate or None,
        }
        for cell in found.cells
    ]
    return {
        "run": found.run,
        "cell": found.cell,
        "at": found.at,
        "symbols": found.symbols,
        "answers": found.answers,
        "classes": found.classes,
        "probabilities": found.probabilities.lists() if found.probabilities else None,
        "forecast": found.forecast.lists() if found.forecast else None,
        "times": found.times,
        "unit": found.unit or None,
        "contributions": found.contributions,
        "traits": found.traits,
        "notes": found.notes,
        "cells": cells,
    }


def _write_csv(path: Path, found: Sequence[Inspection]) -> None:
    """Write every number as a row: run, weights, step, symbol, layer, direction, quantity, unit, value.

    The file is whole or not there; a text that a spreadsheet would take for a formula has a ``'`` before it.

    Raises:
        SpecError: the file cannot be written.
    """
    try:
        with files.replacing(path) as content:
            file = TextIOWrapper(content, encoding="utf-8", newline="")
            writer = csv.writer(file)
            writer.writerow(["run", "at", "step", "symbol", "layer", "direction", "quantity", "unit", "value"])
            for one in found:
                writer.writerows(map(harmless, row) for row in _rows(one))
            file.detach()
    except OSError as error:
        raise SpecError(f"--csv {path} could not be written: {error.strerror}.") from None
    narrate(f"{path} holds all numbers.")


def _rows(found: Inspection) -> Iterator[list[object]]:
    given = found.contributions
    for step, symbol in enumerate(found.symbols):
        begin = [found.run, found.at, step + 1, symbol]
        for cell in found.cells:
            for name, grid in cell.grids().items():
                for unit, value in enumerate(grid.row(step)):
                    yield [*begin, *cell.place.values(), name, unit, value]
        shares = [*zip(found.classes, found.probabilities.row(step), strict=True)] if found.probabilities else None
        best = found.answers[step].best if found.answers else []
        for name, share in shares or best:
            yield [*begin, "", "", f"probability {name}", "", share]
        if found.forecast:
            for when, value in zip(found.times, found.forecast.row(step), strict=True):
                yield [*begin, "", "", f"forecast {when}", "", value]
        if given:
            yield [*begin, "", "", "gradient × input", "", given.gradient_input[step]]
            yield [*begin, "", "", "occlusion", "", given.occlusion[step]]
