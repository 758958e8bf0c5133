"""Command ``branch``: a new run that goes on from a checkpoint of another."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli import completion
from workbench.cli.note import Tags, entered
from workbench.cli.options import Headless, Json, On, RunName, Runs, Set, assignments, find
from workbench.cli.train import check_mode, place_of, start
from workbench.cli.training_options import (
    BatchSize,
    Detach,
    Epochs,
    Lr,
    MaxSteps,
    Name,
    Optimizer,
    Seed,
    Threads,
    TrainDevice,
    given,
)
from workbench.executors.clusters import LOCAL
from workbench.runs.locations import root
from workbench.runs.metadata import RunMetadata


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: workbench branch last --lr 0.0003 --epochs 30 --headless")(branch)


def branch(
    run: RunName,
    at: Annotated[
        str,
        typer.Option(
            "--at",
            metavar="STEP",
            help="best, last, or the step of an evaluation that was kept (train.keep).",
            autocompletion=completion.kept,
        ),
    ] = "last",
    headless: Headless = False,
    detach: Detach = False,
    epochs: Epochs = None,
    max_steps: MaxSteps = None,
    lr: Lr = None,
    batch_size: BatchSize = None,
    optimizer: Optimizer = None,
    seed: Seed = None,
    device: TrainDevice = None,
    threads: Threads = None,
    on: On = LOCAL,
    name: Name = None,
    tag: Tags = None,
    set_: Set = None,
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Begin a new run from a checkpoint of another, with other settings of the training.

    Epochs and steps count from the parent's beginning: a finished run is trained on with more of them.
    """
    from workbench.runs import branches

    flags: dict[str, object] = {
        "train.epochs": epochs,
        "train.max_steps": max_steps,
        "train.lr": lr,
        "train.batch_size": batch_size,
        "train.optimizer": optimizer,
        "train.seed": seed,
        "train.device": device,
        "train.threads": threads,
    }
    values = given(flags) | assignments(set_)
    chosen, folder = find(run, runs_folder), root(runs_folder)
    about = entered(RunMetadata(), name=name, note=None, add=tag or [], remove=[])
    check_mode(headless=headless, detach=detach, json=json)
    described = branches.describe(chosen, at, values, folder)  # an error before a run is made
    place = place_of(on, described.train.device, described.train.processes)
    start(
        lambda: branches.begin(chosen, at, values, folder, about), on=place, headless=headless, detach=detach, json=json
    )
