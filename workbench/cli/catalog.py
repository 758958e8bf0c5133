"""Commands about what there is: ``tasks``, ``cells``, ``doctor``."""

from __future__ import annotations

from typing import Annotated

import typer

import cells as cell_files
import tasks as task_folders
from workbench.cli.options import Data, Json, data_folder
from workbench.config import spec
from workbench.config.suggestions import did_you_mean
from workbench.render.streams import put


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: workbench tasks --json")(tasks)
    app.command(epilog="Example: workbench cells lstm --hidden 256 --task names")(cells)
    app.command(epilog="Example: workbench doctor")(doctor)


def tasks(json: Json = False) -> None:
    """List the tasks with their presets."""
    from workbench.render import console

    found = [(name, task_folders.settings(name)) for name in task_folders.available()]
    if json:
        put(
            [
                {
                    "task": name,
                    "title": kind.title,
                    "about": kind.about,
                    "metric": kind.metric,
                    "presets": {preset: chosen.help for preset, chosen in kind.presets.items()},
                }
                for name, kind in found
            ]
        )
        return
    rows = []
    for name, kind in found:
        rows.append((name, kind.about))
        rows += [("", f"--preset {preset}: {chosen.help}") for preset, chosen in kind.presets.items()]
    console.facts(rows)


def cells(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A cell to look at closely.")] = None,
    input_size: Annotated[int, typer.Option("--input", min=1, help="Features of each step.")] = 57,
    hidden: Annotated[int, typer.Option("--hidden", min=1, help="Hidden size.")] = 128,
    layers: Annotated[int, typer.Option("--layers", min=1, max=16, help="Cells stacked.")] = 1,
    bidirectional: Annotated[bool, typer.Option("--bidirectional", help="Read both ways.")] = False,
    task: Annotated[str, typer.Option("--task", help="Print the network for this task.")] = "names",
    json: Json = False,
) -> None:
    """List the cells; with NAME: its equations, its source, its parameters, the network around it."""
    from workbench.render import console

    if name is None:
        found = {cell: cell_files.about(cell) for cell in cell_files.available()}
        if json:
            put([{"cell": cell, "title": about.title} for cell, about in found.items()])
            return
        console.facts([(cell, about.title) for cell, about in found.items()])
        return
    if name not in cell_files.available():
        raise spec.SpecError(f"There is no cell {name!r}{did_you_mean(name, cell_files.available())}")
    about = cell_files.about(name)
    values = {"cell.hidden": hidden, "cell.layers": layers, "cell.bidirectional": bidirectional}
    described = spec.make(task, name, values, data="starter")

    from workbench.engine import data, network

    recurrent = cell_files.build(name, input_size, hidden, layers=layers, bidirectional=bidirectional)
    shapes = {key: list(tensor.shape) for key, tensor in recurrent.to_torch().items()}
    count = network.parameter_count(recurrent)
    whole = network.build(described, data.load(described)[0])
    if json:
        put(
            {
                "cell": name,
                "title": about.title,
                "text": about.text,
                "parameters": count,
                "shapes": shapes,
                "network": str(whole),
                "network_parameters": network.parameter_count(whole),
            }
        )
        return
    print(f"{name}: {about.title}\n\n{about.text}\n")
    print(f"Parameters with input {input_size}, hidden {hidden}, layers {layers}: {count:,}")
    for key, shape in shapes.items():
        print(f"  {key:22} {' × '.join(map(str, shape))}")
    print(f"\nThe network for {task} ({network.parameter_count(whole):,} parameters):\n{whole}")


def doctor(folder: Data = None, json: Json = False) -> None:
    """Say what this machine and this terminal can do."""
    from workbench.cli.doctor import examine
    from workbench.render import console

    findings = examine(data_folder(folder))
    if json:
        put([{"what": what, "found": found, "warning": warning} for what, found, warning in findings])
        return
    console.facts(findings)
