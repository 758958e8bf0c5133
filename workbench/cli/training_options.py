"""Options of the commands that begin a run: shorthands of settings, its name, and where the training is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from workbench.cli import completion
from workbench.config.options import MOST_PROCESSES

Detach = Annotated[bool, typer.Option("--detach", help="Return at once; the training goes on.")]
Epochs = Annotated[int | None, typer.Option("--epochs", metavar="N", help="Passes over the training split.")]
MaxSteps = Annotated[int | None, typer.Option("--max-steps", metavar="N", help="Maximum number of steps.")]
Lr = Annotated[float | None, typer.Option("--lr", metavar="X", help="Learning rate.")]
BatchSize = Annotated[int | None, typer.Option("--batch-size", metavar="N", help="Examples per step.")]
Optimizer = Annotated[
    str | None,
    typer.Option("--optimizer", help="adamw, adam, rmsprop or sgd.", autocompletion=completion.optimizers),
]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Seed of every random draw.")]
TrainDevice = Annotated[
    str | None, typer.Option("--device", help="auto, cpu, cuda or cuda:1.", autocompletion=completion.devices)
]
Threads = Annotated[int | None, typer.Option("--threads", metavar="N", help="CPU threads.")]
Processes = Annotated[
    int,
    typer.Option(
        "--processes",
        metavar="N",
        min=0,
        max=MOST_PROCESSES,
        help="Processes that share each batch; 0: as the run's settings say.",
    ),
]
Name = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="What to call the run in lists; else it has its id.")
]


def given(flags: Mapping[str, object]) -> dict[str, object]:
    """Return the settings whose options were given."""
    return {key: value for key, value in flags.items() if value is not None}
