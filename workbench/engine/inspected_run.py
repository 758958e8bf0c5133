"""A trained run, inspected: on a text, on a row of its data, and in search of units."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import msgspec
import torch
from torch import nn

import cells
from tasks.base import AnyTask, Reading, Split
from workbench.engine import data, inspection, trained_run, twins, unit_search
from workbench.engine.generation import samples
from workbench.runs import metadata
from workbench.runs.inspections import Inspection, UnitSearch
from workbench.runs.run import Run


class InspectedRun:
    """Task, network and data of a run, the data read when a row is asked for.

    Args:
        at: the weights' name, as ``trained_run.load_trained`` takes it.
    """

    def __init__(self, run: Run, task: AnyTask, model: nn.Module, at: str = "best") -> None:
        self._run, self._task, self._model, self._at = run, task, model, at
        self._made: dict[str, nn.Module] = {}  # twins by their cell

    @cached_property
    def data(self) -> Any:
        """Raises: DataError: the data cannot be had, or is no longer what the run was trained on."""
        examples = data.load(self._run.spec, self._task.state)[1]
        return examples.to(next(self._model.parameters()).device)

    def inspect(
        self,
        text: str = "",
        *,
        row: int | None = None,
        split: Split = "test",
        place: int | None = None,
        target: str = "",
        contributions: bool = True,
        twin: bool = False,
    ) -> Inspection:
        """Inspect the network on a text, on a row of the data, or on the row at a place (from 0) of a split.

        Args:
            target: the answer whose contributions are measured; empty: the likeliest at the end.
            contributions: measure them, which takes most of the time.
            twin: look into the twin of a cell that shows no gates, with the same weights.

        Raises:
            ValueError: there is no such text, row or answer; one sentence says so.
            DataError: as ``data``.
        """
        reading = self._reading(text, row, split, place)
        model, cell, notes = self._model, self._run.spec.cell, [*reading.notes]
        if twin:
            model, cell, note = self._twin(reading)
            notes.append(note)
        elif name := self._gated_twin:
            notes.append(f"{cell} does not show its gates; its twin {name}, with the same weights, does.")
        found = inspection.inspect(
            model,
            reading._replace(notes=notes),
            run=self._run.id,
            cell=cell,
            at=self._at,
            target=target,
            contributions=contributions,
        )
        return msgspec.structs.replace(found, name=metadata.read(self._run).label)

    def find_units(self, split: Split = "test", *, rows: int, most: int) -> Iterator[tuple[int, int] | UnitSearch]:
        """Search for the units that go with each trait: see ``unit_search.search``."""
        return unit_search.search(self._task, self._model, self.data, split, rows=rows, most=most)

    def _reading(self, text: str, row: int | None, split: Split, place: int | None) -> Reading:
        if place is not None:
            row = inspection.row_at(self._task, self.data, split, place)
        with torch.no_grad():
            if row is not None:
                return self._task.reading_of_row(self._model, self.data, row)
            samples.check_length(self._task, text)
            return self._task.reading(self._model, text)

    def _twin(self, reading: Reading) -> tuple[nn.Module, str, str]:
        """Return the network around the cell's twin that shows gates, the twin's name, and a sentence on both.

        Raises:
            ValueError: the cell has no such twin.
        """
        cell, name = self._run.spec.cell, self._gated_twin
        if not name:
            raise ValueError(f"{cell} has no twin that shows more than it does itself.")
        if name not in self._made:
            self._made[name] = twins.with_cell(self._run.spec, self._task, self._model, name)
        twin = self._made[name]
        apart = twins.parity(self._model, twin, lambda net: inspection.find_recurrent(net)(reading.inputs))
        return twin, name, f"Shown is {name} with the weights of {cell}: their outputs differ by {apart:.1g} at most."

    @property
    def _gated_twin(self) -> str:
        """Name of the twin that shows gates, of a cell that does not; empty where there is none."""
        cell = self._run.spec.cell
        if cells.load(cell).sigmoid_gates:
            return ""
        return next((name for name in cells.twins(cell) if cells.load(name).sigmoid_gates), "")


def open_run(run: Run, at: str = "best", device: str = "", threads: int = 0) -> InspectedRun:
    """Load a run's task and network for inspection.

    Raises:
        RunError, CheckpointError, DeviceError, SpecError: each with one plain sentence.
    """
    return InspectedRun(run, *trained_run.load_trained(run, threads, device, at=at), at=at)
