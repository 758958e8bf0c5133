"""A run's network: the task's module around the cell that the spec names."""

from __future__ import annotations

from torch import nn

import cells
from cells import CellError
from cells._recurrent import Recurrent
from tasks.base import AnyTask
from workbench.config.plugin_errors import located
from workbench.config.spec import RunSpec, SpecError


def build(spec: RunSpec, task: AnyTask) -> nn.Module:
    """Return the network of a run, its parameters drawn from torch's generator as it stands.

    Raises:
        SpecError: task, cell and options do not fit together, or the cell is no longer here or cannot be read.
    """
    try:
        return task.build(lambda input_size: build_recurrent(spec, input_size))
    except ValueError as error:
        raise SpecError(_sentence(error)) from error


def build_recurrent(spec: RunSpec, input_size: int) -> Recurrent:
    """Return the recurrent network of a run, for a task's input of I features.

    Raises:
        SpecError: the cell cannot be built so, is no longer here, or cannot be read.
    """
    options = spec.options
    try:
        recurrent = cells.build(
            spec.cell,
            input_size,
            options.hidden,
            layers=options.layers,
            bidirectional=options.bidirectional,
            dropout=options.dropout,
            output_size=options.output_size,
            options=spec.cell_options,
        )
    except KeyError as error:
        if error.args != (spec.cell,):
            raise
        raise SpecError(f"There is no cell {spec.cell!r} here any more: put its file back (WORKBENCH_CELLS).") from None
    except ValueError as error:
        raise SpecError(_sentence(error)) from error
    if spec.settings.causal and recurrent.directions == 2:  # set by code that the cell's text does not show
        raise SpecError(f"{spec.task} writes from left to right, and {spec.cell} reads both ways.")
    return recurrent


def _sentence(error: ValueError) -> str:
    """Return a refusal as one sentence; one from a user's own file names its line."""
    if isinstance(error, CellError | SpecError):
        return str(error)
    place = located(error)
    return f"{place}." if place else str(error)


def input_size(model: nn.Module) -> int:
    """Return the number of features that a network's recurrence reads at each step."""
    return next((module.input_size for module in model.modules() if isinstance(module, Recurrent)), 1)


def printout(model: nn.Module) -> str:
    """Return a network's modules, then each parameter with its shape, as ``network.txt`` holds them."""
    shapes = {name: " × ".join(map(str, tensor.shape)) for name, tensor in model.named_parameters()}
    width = max(map(len, shapes), default=0)
    lines = [f"  {name:{width}}  {shape}" for name, shape in shapes.items()]
    return "\n".join([str(model), "", f"{parameter_count(model):,} parameters:", *lines]) + "\n"


def parameter_count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())
