"""A run's network: the task's module round the cell that the spec names."""

from __future__ import annotations

from torch import nn

import cells
from cells._recurrent import Recurrent
from tasks.base import AnyTask
from workbench.config.spec import RunSpec, SpecError


def build(spec: RunSpec, task: AnyTask) -> nn.Module:
    """The network of a run, its parameters drawn from torch's generator as it stands.

    Raises:
        SpecError: task, cell and options do not fit together, or the cell is no longer here.
    """
    options = spec.options
    if spec.cell not in cells.available():
        raise SpecError(f"There is no cell {spec.cell!r} here any more: put its file back (WORKBENCH_CELLS).")

    def make_recurrent(input_size: int) -> Recurrent:
        recurrent = cells.build(
            spec.cell,
            input_size,
            options.hidden,
            layers=options.layers,
            bidirectional=options.bidirectional,
            dropout=options.dropout,
            output_size=options.output_size,
        )
        if spec.settings.causal and recurrent.directions == 2:  # a cell may inherit it, unseen by its file's reader
            raise ValueError(f"{spec.task} writes from left to right, and {spec.cell} reads both ways.")
        return recurrent

    try:
        return task.build(make_recurrent)
    except ValueError as error:
        raise SpecError(str(error)) from None


def parameter_count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())
