"""Commands on studies: ``study new``, ``run``, ``resume``, ``show``, ``stop``, ``list``, ``rm``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli import study_training
from workbench.cli.options import Json, On, Runs, acting, cluster
from workbench.cli.runs import Yes
from workbench.cli.study_new import new
from workbench.cli.study_options import Detach, Jobs, PerGpu, StudyName
from workbench.cli.study_results import print_results, show
from workbench.cli.table_format import JSON, TABLE
from workbench.config.spec import SpecError
from workbench.config.suggestions import did_you_mean
from workbench.executors.clusters import LOCAL
from workbench.render.streams import narrate, print_json
from workbench.runs.locations import root
from workbench.runs.run import LIVE

if TYPE_CHECKING:
    from workbench.studies.study import Study

_STOP_SECONDS = 120
_TRIALS = 20  # of a search
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


def run(
    name: StudyName,
    on: On = LOCAL,
    jobs: Jobs = 0,
    per_gpu: PerGpu = 1,
    only: Annotated[
        str, typer.Option("--only", metavar="STATES", help="Start these alone: waiting, lost, stopped, failed.")
    ] = "",
    search: Annotated[
        str, typer.Option("--search", metavar="SAMPLER", help="Search settings instead, from this study's one: optuna.")
    ] = "",
    trials: Annotated[
        int | None,
        typer.Option("--trials", metavar="N", min=1, help=f"Runs that a search makes; without it {_TRIALS}."),
    ] = None,
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
    if not search and (space or trials is not None):
        raise SpecError(f"{'--space' if space else '--trials'} is of a search: give --search optuna too.")
    place = cluster(on)
    if search and place:  # before the study becomes a search
        raise SpecError("--search chooses each run by those before it, on this machine: leave out --on.")
    study = store.find(name, root(runs_folder))
    if search:
        _begin_search(study, search, trials or _TRIALS, space or [])
    problem = study_training.train(
        study, queue.Orders(jobs=jobs, per_gpu=per_gpu, only=states), on=place, detach=detach, json=json
    )
    if not detach:
        print_results(study, form=JSON if json else TABLE)
    if problem:
        raise StudyError(problem)


def resume(
    name: StudyName,
    on: On = LOCAL,
    jobs: Jobs = 0,
    per_gpu: PerGpu = 1,
    detach: Detach = False,
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Go on with a study that was stopped: the same as `study run`."""
    run(name, on, jobs, per_gpu, detach=detach, runs_folder=runs_folder, json=json)


def _begin_search(study: Study, search: str, trials: int, space: Sequence[str]) -> None:
    """Make a search of a study.

    Raises:
        SpecError, StudyError: its sampler is unknown or not installed, or its space is none.
    """
    from workbench.studies import search as searches
    from workbench.studies import space as spaces

    if search != "optuna":
        raise SpecError(f"--search {search}: there is one sampler, optuna.")
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


def stop(name: StudyName, runs_folder: Runs = None, json: Json = False) -> None:
    """Stop a study: what trains saves a checkpoint and ends, what waits is not started."""
    from workbench.executors import jobs
    from workbench.runs.monitor import RunMonitors
    from workbench.studies import store, submission

    study = store.find(name, root(runs_folder))
    study.request_stop()
    deadline, read = time.monotonic() + _STOP_SECONDS, RunMonitors()
    while True:
        members = study.members(read)
        live = sum(member.state in LIVE for member in members) or int(study.queued())
        if not live or time.monotonic() >= deadline:
            break
        jobs.refresh(submission.with_jobs(members))
        time.sleep(0.2)
    if json:
        print_json({"study": study.id, "running": live})
    elif live:
        narrate(f"Study {study.id} was asked to stop; {live} of its runs have not ended yet.")
    else:
        narrate(f"Study {study.id} is stopped: `workbench study run {study.id}` goes on with it.")


def _overview(study: Study) -> dict[str, object]:
    """Return a study's state and counts, its jobs as they are now; why it cannot be read where it cannot."""
    from workbench.studies import overview, submission
    from workbench.studies.study import StudyError

    try:
        return overview.overview(study, submission.members(study))
    except StudyError:
        return overview.overview(study)


def listing(runs_folder: Runs = None, json: Json = False) -> None:
    """List the studies, the newest first."""
    from workbench.render import console
    from workbench.render.format import age
    from workbench.studies import store

    every = store.listing(root(runs_folder))
    if json:
        print_json([_overview(study) for study in every])
        return
    if not every:
        narrate(f"No studies in {root(runs_folder)} yet: `workbench study new NAME names --cells rnn,lstm` makes one.")
        return
    rows = []
    for study in every:
        told = _overview(study)
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
    from workbench.studies import store, submission
    from workbench.studies.study import StudyError

    study = store.find(name, root(runs_folder))
    with suppress(StudyError):  # a damaged one is removed as well
        submission.members(study)  # which asks the clusters
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
