"""Commands on studies: ``study new``, ``run``, ``resume``, ``show``, ``stop``, ``list``, ``rm``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli import completion, study_training
from workbench.cli.options import Data, Json, Runs, Set, acting, assignments
from workbench.cli.runs import Yes
from workbench.config.spec import RunSpec, SpecError
from workbench.config.suggestions import did_you_mean
from workbench.render.streams import narrate, print_json
from workbench.runs.locations import root
from workbench.runs.run import LIVE

if TYPE_CHECKING:
    from workbench.studies.plan import Plan, PlannedRun
    from workbench.studies.study import Study

_STOP_SECONDS = 120
_TABLE = "table"
StudyName = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="A study's name, the beginning of one, or `last`.", autocompletion=completion.studies
    ),
]
Jobs = Annotated[
    int, typer.Option("--jobs", metavar="N", min=0, help="Runs at once; 0: as many as the machine has room for.")
]
PerGpu = Annotated[int, typer.Option("--per-gpu", metavar="N", min=1, help="Runs at once on each GPU.")]
Detach = Annotated[bool, typer.Option("--detach", help="Return at once; the study goes on.")]
Metric = Annotated[
    str, typer.Option("--metric", metavar="NAME", help="E.g. test.accuracy or val.loss; else the task's main one.")
]
studies = typer.Typer(
    help="Train many runs under one name, and show their results as a table.",
    epilog="Example: workbench study new grid names --cells rnn,lstm --seeds 3",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    studies.command(epilog="Example: workbench study new grid names --cells rnn,lstm --grid cell.layers=1,2 --seeds 3")(
        new
    )
    studies.command(epilog="Example: workbench study run grid --detach")(run)
    studies.command(epilog="Example: workbench study resume grid")(resume)
    studies.command(epilog="Example: workbench study show grid --rows cell.layers --cols cell --format latex")(show)
    studies.command(epilog="Example: workbench study stop grid")(stop)
    studies.command("list", epilog="Example: workbench study list --json")(listing)
    studies.command(epilog="Example: workbench study rm grid --yes")(rm)
    studies.callback()(acting("new", "run", "resume", "stop", "rm"))
    app.add_typer(studies, name="study")


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The study's name, which its runs' ids begin with.")],
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK|FILE", help="The task, or a plan as a TOML file.", autocompletion=completion.task_names
        ),
    ],
    cells: Annotated[str, typer.Option("--cells", metavar="A,B", help="Recurrent cells.")] = "",
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
        if cells or grid or preset or seeds:
            raise SpecError("A plan in a file says cells, grid, preset and seeds itself: leave the options out.")
        plan = plans.read(Path(task))
    else:
        group = plans.RunGroup(
            cells=[cell.strip() for cell in (cells or "lstm").split(",")], preset=preset, grid=_grid(grid)
        )
        plan = plans.Plan(task=task, runs=[group], seeds=seeds or 1)
    study = make(name, plan, assignments(set_), data, runs_folder, progress=not json)
    if json:
        print_json({"study": study.id, "runs": [planned.label for planned in study.content.runs]})
        return
    print(study.id, flush=True)
    narrate(f"Study {study.id} has {len(study.content.runs)} runs: `workbench study run {study.id}` trains them.")


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
        from msgspec.structs import replace

        return one._replace(described=replace(one.described, data=found[own].data, data_dir=found[own].data_dir))

    return store.create(root(runs_folder), name, plan, [*map(located, runs)], lab=lab, quick=quick)


def _grid(pairs: Sequence[str] | None) -> dict[str, list[str | int | float | bool]]:
    given = assignments([*(pairs or [])], "--grid")
    if len(given) < len(pairs or []):
        raise SpecError("--grid names a setting twice: give all of its values at once, as in --grid cell.layers=1,2.")
    return {key: [part.strip() for part in values.split(",")] for key, values in given.items()}


def run(
    name: StudyName,
    jobs: Jobs = 0,
    per_gpu: PerGpu = 1,
    only: Annotated[
        str, typer.Option("--only", metavar="STATES", help="Start these alone: waiting, lost, stopped, failed.")
    ] = "",
    search: Annotated[
        str, typer.Option("--search", metavar="SAMPLER", help="Search settings instead, from this study's one: optuna.")
    ] = "",
    trials: Annotated[int, typer.Option("--trials", metavar="N", min=1, help="Runs that a search makes.")] = 20,
    space: Annotated[
        list[str] | None,
        typer.Option(
            "--space", metavar="KEY=VALUES", help="E.g. train.lr=1e-4..1e-1:log or cell=rnn,lstm; may be repeated."
        ),
    ] = None,
    detach: Detach = False,
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Train what is missing of a study, lost, stopped or failed; Ctrl-C stops it with checkpoints.

    With --search the validation rows choose the settings, and a trial behind the median of the others is stopped.
    """
    from workbench.studies import queue, store
    from workbench.studies.study import StudyError

    states = tuple(part.strip() for part in only.split(",")) if only else queue.UNDONE
    for state in states:
        if state not in queue.UNDONE:
            raise SpecError(f"--only {state}{did_you_mean(state, queue.UNDONE)}")
    study = store.find(name, root(runs_folder))
    if search or space:
        _begin_search(study, search, trials, space or [])
    problem = study_training.train(
        study, queue.Orders(jobs=jobs, per_gpu=per_gpu, only=states), detach=detach, json=json
    )
    if not detach:
        print_results(study, json=json)
    if problem:
        raise StudyError(problem)


def resume(
    name: StudyName,
    jobs: Jobs = 0,
    per_gpu: PerGpu = 1,
    detach: Detach = False,
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Go on with a study that was stopped: the same as `study run`."""
    run(name, jobs, per_gpu, detach=detach, runs_folder=runs_folder, json=json)


def _begin_search(study: Study, search: str, trials: int, space: Sequence[str]) -> None:
    """Make a search of a study.

    Raises:
        SpecError, StudyError: its sampler is unknown or not installed, or its space is none.
    """
    from workbench.studies import search as searches
    from workbench.studies import space as spaces

    if search != "optuna":
        raise SpecError(f"--search {search or '(none)'}: there is one sampler, optuna.")
    searches.check_installed()
    if not space:
        raise SpecError("A search needs a space: --space train.lr=1e-4..1e-1:log, as often as there are settings.")
    base = study.content.runs[0].described
    dimensions = [spaces.dimension(text, base) for text in space]
    settings = base.settings
    study.set_search(
        spaces.Search(
            space=dimensions,
            trials=trials,
            metric=settings.metric,
            maximize=settings.higher_is_better,
            seed=base.train.seed,
        )
    )


def show(
    name: StudyName,
    rows: Annotated[str, typer.Option("--rows", metavar="KEYS", help="Settings in the rows.")] = "",
    columns: Annotated[str, typer.Option("--cols", metavar="KEYS", help="Settings in the columns.")] = "",
    metric: Metric = "",
    form: Annotated[
        str, typer.Option("--format", metavar="FORM", help="table, markdown, latex, csv or json.")
    ] = _TABLE,
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Show a study: its runs' states, and a table of their results as mean ± standard deviation of the seeds."""
    from workbench.report import tables
    from workbench.studies import store

    forms = (_TABLE, *tables.FORMATS, "json")
    if form not in forms:
        raise SpecError(f"--format {form}{did_you_mean(form, forms)}")
    study = store.find(name, root(runs_folder))
    print_results(study, rows, columns, metric, "json" if json else form, json=json)


def print_results(
    study: Study, rows: str = "", columns: str = "", metric: str = "", form: str = _TABLE, *, json: bool = False
) -> None:
    """Print the table of a study, and what must be known beside it."""
    import sys

    from workbench.render import console
    from workbench.report import tables
    from workbench.runs.comparison import BEST
    from workbench.studies import differences, table

    plan, members = study.content.plan, study.members()
    of = table.task_settings(study)
    metric = metric or table.main_metric(study)
    metric = metric if "." in metric else f"test.{metric}"
    asked = [_split(text) or usual for text, usual in ((rows, plan.rows), (columns, plan.columns))]
    found = table.pivot(members, metric, of, *asked)
    pairs = differences.against_best(members, metric, of)
    if json or form == "json":
        print_json(table.to_json(study, members, found) | {"differences": [pair._asdict() for pair in pairs]})
        return
    if form != _TABLE:
        sys.stdout.write(tables.FORMATS[form](found.heads, found.rows))
    else:
        title = " · quick" * study.content.quick
        print(f"{study.id}{title}: {table.metric_heading(metric, of)}")
        console.listing(
            found.heads, [[f"{one.text} {BEST}" if one.best else one.text for one in row] for row in found.rows]
        )
        for pair in pairs:
            print(pair.sentence)
    for note in (*table.notes(study, members), *filter(None, [table.merged_note(found)])):
        narrate(note)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def stop(name: StudyName, runs_folder: Runs = None, json: Json = False) -> None:
    """Stop a study: what trains saves a checkpoint and ends, what waits is not started."""
    from workbench.studies import store

    study = store.find(name, root(runs_folder))
    study.request_stop()
    deadline = time.monotonic() + _STOP_SECONDS
    while (live := _live(study)) and time.monotonic() < deadline:
        time.sleep(0.2)
    if json:
        print_json({"study": study.id, "running": live})
    elif live:
        narrate(f"Study {study.id} was asked to stop; {live} of its runs have not ended yet.")
    else:
        narrate(f"Study {study.id} is stopped: `workbench study run {study.id}` goes on with it.")


def _live(study: Study) -> int:
    return sum(member.state in LIVE for member in study.members()) or int(study.queued())


def listing(runs_folder: Runs = None, json: Json = False) -> None:
    """List the studies, the newest first."""
    from workbench.render import console
    from workbench.render.format import age
    from workbench.studies import store, table

    every = store.listing(root(runs_folder))
    if json:
        print_json([table.overview(study) for study in every])
        return
    if not every:
        narrate(f"No studies in {root(runs_folder)} yet: `workbench study new NAME names --cells rnn,lstm` makes one.")
        return
    rows = []
    for study in every:
        told = table.overview(study)
        if "message" in told:
            narrate(str(told["message"]))
        rows.append(
            [
                study.id,
                str(told["state"]),
                str(told["task"]),
                f"{told['finished']} of {told['runs']}",
                age(study.created),
            ]
        )
    console.listing(("study", "state", "task", "finished", "age"), rows, spare=("age",))


def rm(
    name: StudyName,
    yes: Yes = False,
    keep_runs: Annotated[bool, typer.Option("--keep-runs", help="Leave its runs where they are.")] = False,
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Delete a study with its runs."""
    from workbench.studies import store
    from workbench.studies.study import StudyError

    study = store.find(name, root(runs_folder))
    if study.queued():
        raise StudyError(f"Study {study.id} is running: stop it first with `workbench study stop {study.id}`.")
    begun = len(store.own_runs(study))
    if not yes:
        what = "and keep its runs" if keep_runs else f"with its {begun} runs, their weights and figures"
        typer.confirm(f"Delete study {study.id} {what}?", abort=True, err=True)
    gone = store.remove(study, keep_runs=keep_runs)
    if json:
        print_json({"study": study.id, "deleted": True, "runs": gone})
    else:
        narrate(f"Study {study.id} is deleted" + (f", and {gone} runs with it." if gone else "; its runs stay."))
