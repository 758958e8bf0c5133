"""Commands that train: ``train`` and ``resume``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from workbench.cli import completion
from workbench.cli.datasets import with_data
from workbench.cli.note import Tags, entered
from workbench.cli.options import (
    Data,
    Device,
    Headless,
    Json,
    On,
    RunName,
    Runs,
    Set,
    assignments,
    cluster,
    find,
    need_terminal,
)
from workbench.cli.training_options import (
    BatchSize,
    Detach,
    Epochs,
    Lr,
    MaxSteps,
    Name,
    Optimizer,
    Processes,
    Seed,
    Threads,
    TrainDevice,
    given,
)
from workbench.config import spec
from workbench.executors import jobs
from workbench.executors.clusters import LOCAL, ClusterError, Named
from workbench.render.streams import narrate, print_json
from workbench.runs import launch, store
from workbench.runs.folder import RunError
from workbench.runs.locations import root
from workbench.runs.metadata import RunMetadata
from workbench.runs.run import Run


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: workbench train names --cell lstm --headless --epochs 5 --set task.imbalance=weights")(
        train
    )
    app.command(epilog="Example: workbench resume last --headless")(resume)


def train(
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK",
            help="The task to train; `workbench tasks` lists them.",
            autocompletion=completion.task_names,
        ),
    ],
    cell: Annotated[
        str | None,
        typer.Option(
            "--cell",
            help="The recurrent cell; `workbench cells` lists them.",
            show_default="the task's: lstm, or bilstm for imdb and reviews",
            autocompletion=completion.cell_names,
        ),
    ] = None,
    headless: Headless = False,
    detach: Detach = False,
    preset: Annotated[
        str,
        typer.Option(
            "--preset", metavar="NAME", help="A named set of settings of the task.", autocompletion=completion.presets
        ),
    ] = "",
    epochs: Epochs = None,
    max_steps: MaxSteps = None,
    hidden: Annotated[int | None, typer.Option("--hidden", metavar="N", help="Hidden size.")] = None,
    layers: Annotated[int | None, typer.Option("--layers", metavar="N", help="Number of layers.")] = None,
    bidirectional: Annotated[
        bool | None, typer.Option("--bidirectional", help="Read sequences in both directions.")
    ] = None,
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
    data: Data = None,
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Train a network: on the screen, here with --headless, or in the background with --detach."""
    flags: dict[str, object] = {
        "train.epochs": epochs,
        "train.max_steps": max_steps,
        "cell.hidden": hidden,
        "cell.layers": layers,
        "cell.bidirectional": bidirectional,
        "train.lr": lr,
        "train.batch_size": batch_size,
        "train.optimizer": optimizer,
        "train.seed": seed,
        "train.device": device,
        "train.threads": threads,
    }
    values = given(flags) | assignments(set_)
    named = spec.task_settings(task).default_cell if cell is None else cell
    described = spec.make(task, named, values, preset=preset)  # an error before anything is downloaded
    about = entered(RunMetadata(), name=name, note=None, add=tag or [], remove=[])
    check_mode(headless=headless, detach=detach, json=json)
    place = place_of(on, described.train.device, described.train.processes)  # an error before a run is made
    described = with_data(described, data, progress=not json)
    start(
        lambda: store.create(root(runs_folder), described, about), on=place, headless=headless, detach=detach, json=json
    )


def resume(
    run: RunName,
    headless: Headless = False,
    detach: Detach = False,
    device: Device = "",
    processes: Processes = 0,
    on: On = LOCAL,
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Resume a run from its last checkpoint.

    --device and --on go on elsewhere than the run was trained, --processes shares its batches among so many processes.
    """
    chosen = find(run, runs_folder)
    jobs.refresh([chosen])
    check_mode(headless=headless, detach=detach, json=json)
    launch.check_spec(chosen)  # an error before a worker starts
    if chosen.status() == "finished":
        raise RunError(f"Run {chosen.id} is finished: there is nothing to go on with.")
    place = place_of(on, device or chosen.spec.train.device, processes or chosen.spec.train.processes)
    if place and (device or processes):
        raise spec.SpecError(
            "--device and --processes choose on this machine: a cluster's description says what a job computes on."
        )
    start(lambda: chosen, device, processes, on=place, headless=headless, detach=detach, json=json)


def check_device(name: str, processes: int = 1) -> None:
    """Refuse a GPU that is not here, and more processes than GPUs, before a worker starts.

    Raises:
        DeviceError: it is not here, or there are fewer.
    """
    if name.startswith("cuda") or (processes > 1 and name == "auto"):
        from workbench.engine.devices import choose_device

        choose_device(name, 0, processes)


def place_of(on: str, device: str, processes: int = 1) -> Named | None:
    """Return the cluster that was chosen; ``None``: this machine, on which the device is checked.

    Raises:
        ClusterError: there is no such cluster.
        DeviceError: the device is not here, or there are fewer than processes.
    """
    if on == LOCAL:
        check_device(device, processes)
    return cluster(on)


def check_mode(*, headless: bool, detach: bool, json: bool) -> None:
    """Refuse options that exclude each other, before a run is made."""
    if headless and detach:
        raise spec.SpecError("--headless shows the training here and --detach leaves it: choose one.")
    if not (headless or detach or json):
        need_terminal()


def start(
    make_run: Callable[[], Run],
    device: str = "",
    processes: int = 0,
    *,
    on: Named | None = None,
    headless: bool,
    detach: bool,
    json: bool,
) -> None:
    """Start a worker on a run; a signal that comes meanwhile is answered when the run can be named or stopped.

    Args:
        on: cluster that starts the worker; ``None``: this machine.
    """
    from workbench.cli.follow import follow
    from workbench.cli.stop_signals import StopSignals

    with StopSignals() as signals:
        run = make_run()
        worker = None
        if on:
            try:
                jobs.submit(on, [run])
            except ClusterError:
                again = f"`workbench resume {run.command_name} --on {on.name}`"
                narrate(f"Run {run.id} was made and not handed over: {again} tries again.")
                raise
        else:
            worker = launch.start(run, device, processes=processes)
        if detach:
            print_json({"run": run.id}) if json else print(run.id, flush=True)
            narrate(f"Run {run.id} goes on in the background: `workbench watch {run.command_name}` shows it.")
            return
        if headless or json or signals.received:
            raise typer.Exit(follow(run, signals, json=json, worker=worker, owned=True))
        narrate(f"Run {run.id} trains in the background: closing the screen does not stop it.")
    from workbench import tui

    raise typer.Exit(tui.open_screen(run.path.parent, None, run))
