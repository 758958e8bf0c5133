"""``study new``: a study from the command line, or from a plan in a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli import completion
from workbench.cli.options import Data, Json, Runs, Set, assignments
from workbench.config.spec import RunSpec, SpecError, task_settings
from workbench.render.streams import narrate, print_json
from workbench.runs.locations import root

if TYPE_CHECKING:
    from workbench.studies.plan import Plan, PlannedRun
    from workbench.studies.study import Study


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The study's name, which its runs' ids begin with.")],
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK|FILE", help="The task, or a plan as a TOML file.", autocompletion=completion.task_names
        ),
    ],
    cells: Annotated[
        str | None, typer.Option("--cells", metavar="A,B", help="Recurrent cells.", show_default="the task's")
    ] = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            "--grid",
            metavar="KEY=A,B",
            help="Values of a setting; each is combined with each.",
            autocompletion=completion.settings,
        ),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", metavar="N", min=1, help="Seeds of each setting, from 0.")
    ] = None,
    preset: Annotated[
        str,
        typer.Option(
            "--preset", metavar="NAME", help="A named set of settings of the task.", autocompletion=completion.presets
        ),
    ] = "",
    set_: Set = None,
    data: Data = None,
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Describe a study: its runs are trained by `study run`."""
    from workbench.studies import plan as plans

    if task.endswith(".toml"):
        if cells is not None or grid or preset or seeds:
            raise SpecError("A plan in a file says cells, grid, preset and seeds itself: leave the options out.")
        plan = plans.read(Path(task))
    else:
        named = (task_settings(task).default_cell if cells is None else cells).split(",")
        group = plans.RunGroup(cells=[cell.strip() for cell in named], preset=preset, grid=_grid(grid))
        plan = plans.Plan(task=task, runs=[group], seeds=seeds or 1)
    study = make(name, plan, assignments(set_), data, runs_folder, progress=not json)
    if json:
        print_json({"study": study.id, "runs": [planned.label for planned in study.content.runs]})
        return
    print(study.id, flush=True)
    count = len(study.content.runs)
    runs, them = ("1 run", "it") if count == 1 else (f"{count} runs", "them")
    narrate(f"Study {study.id} has {runs}: `workbench study run {study.id}` trains {them}.")


def make(
    name: str,
    plan: Plan,
    over: dict[str, str],
    data: Path | None,
    runs_folder: Path | None,
    *,
    lab: str = "",
    quick: bool = False,
    progress: bool = True,
) -> Study:
    """Create the study of a plan, its data found or downloaded before."""
    from msgspec.structs import replace

    from workbench.cli.datasets import with_data
    from workbench.studies import plan as plans
    from workbench.studies import store

    runs = plans.expand(plan, over=over)
    store.check_free(root(runs_folder), name, len(runs))  # before a download
    found: dict[str, RunSpec] = {}

    def located(one: PlannedRun) -> PlannedRun:
        own = one.described.settings.own_data
        if own not in found:
            found[own] = with_data(one.described, data, progress=progress)
        return one._replace(described=replace(one.described, data=found[own].data, data_dir=found[own].data_dir))

    return store.create(root(runs_folder), name, plan, [*map(located, runs)], lab=lab, quick=quick)


def _grid(pairs: Sequence[str] | None) -> dict[str, list[str | int | float | bool]]:
    given = assignments([*(pairs or [])], "--grid")
    if len(given) < len(pairs or []):
        raise SpecError("--grid names a setting twice: give all of its values at once, as in --grid cell.layers=1,2.")
    return {key: [part.strip() for part in values.split(",")] for key, values in given.items()}
