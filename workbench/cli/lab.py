"""Commands on labs: ``lab list``, ``show``, ``run``, ``report``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tasks.base import PlainError
from workbench.cli import completion, study_training
from workbench.cli import report as document
from workbench.cli.options import Data, Json, On, Runs, Set, acting, assignments, cluster
from workbench.cli.study_new import make
from workbench.cli.study_options import Detach, Jobs, PerGpu
from workbench.cli.study_results import print_results
from workbench.cli.table_format import JSON, TABLE
from workbench.executors.clusters import LOCAL
from workbench.render.streams import narrate, print_json
from workbench.runs.locations import root

if TYPE_CHECKING:
    from workbench.studies.study import Study

LabName = Annotated[
    str,
    typer.Argument(
        metavar="LAB", help="A lab's name, the beginning of one, or a TOML file.", autocompletion=completion.labs
    ),
]
Quick = Annotated[bool, typer.Option("--quick", help="The form that takes minutes; it says so everywhere.")]
labs = typer.Typer(
    help="Repeat the runs of published lab reports.",
    epilog="Example: workbench lab run names-rnn-lstm --quick",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    labs.command("list", epilog="Example: workbench lab list")(listing)
    labs.command(epilog="Example: workbench lab show imdb-grid")(show)
    labs.command(epilog="Example: workbench lab run names-rnn-lstm --quick")(run)
    labs.command("report", epilog="Example: workbench lab report names-rnn-lstm --quick --lang zh")(report)
    labs.callback()(acting("run"))
    app.add_typer(labs, name="lab")


def listing(runs_folder: Runs = None, json: Json = False) -> None:
    """List the labs, and how far each has come here."""
    from workbench.render import console
    from workbench.studies import labs as files
    from workbench.studies import overview, store
    from workbench.studies import plan as plans

    begun = {one.id: one for one in store.listing(root(runs_folder))}
    every = files.listing()
    rows, found = [], []
    for lab in every:
        studies = {quick: begun.get(lab.study(quick=quick)) for quick in (False, True)}
        forms = {quick: overview.overview(one) if one else None for quick, one in studies.items()}
        about: dict[str, object] = {"lab": lab.name, "file": str(lab.path), "study": forms[False], "quick": forms[True]}
        state = [f"{told['finished']} of {told['runs']}{' quick' * quick}" for quick, told in forms.items() if told]
        try:
            plan, runs = lab.plan, len(plans.expand(lab.plan))
        except PlainError as error:
            rows.append([lab.name, "–", "–", ", ".join(state) or "–", "cannot be read"])
            found.append(about | {"error": str(error)})
            continue
        rows.append([lab.name, plan.task, str(runs), ", ".join(state) or "–", plan.title])
        found.append(about | {"runs": runs, "plan": plan})
    if json:
        print_json(found)
        return
    console.listing(("lab", "task", "runs", "done here", "title"), rows, spare=("title",))
    for one in found:
        if "error" in one:
            narrate(f"{one['lab']} cannot be read: {one['error']}")


def show(lab: LabName, quick: Quick = False, runs_folder: Runs = None, json: Json = False) -> None:
    """Show a lab: its question, its runs, and the published figures beside those reached here."""
    from workbench.render import console
    from workbench.studies import labs as files
    from workbench.studies import plan as plans
    from workbench.studies import store

    found = files.find(lab)
    name = found.study(quick=quick)
    mine = next((one for one in store.listing(root(runs_folder)) if one.id == name), None)
    if json:
        print_json({"lab": found.name, "plan": found.plan, "study": mine.id if mine else None})
        return
    if mine is not None:
        print_published(mine)
        print_results(mine)
        return
    plan = plans.quickened(found.plan) if quick else found.plan
    console.facts([(found.plan.title, ""), ("question", found.plan.question), ("published", found.plan.source)])
    rows = [[str(at), one.label, one.described.preset or "–"] for at, one in enumerate(plans.expand(plan), 1)]
    console.listing(("", "run", "preset"), rows)
    quickly = "" if quick else f"; `workbench lab run {found.name} --quick` takes minutes"
    narrate(f"`workbench lab run {found.name}{' --quick' * quick}` trains them{quickly}.")


def print_published(mine: Study) -> None:
    """Print the published figures of a lab beside those that its runs reached."""
    from workbench.render import console
    from workbench.studies import metrics, published, table

    of, members = table.task_settings(mine), mine.members()
    rows = [
        [
            one.label,
            metrics.heading(one.published.metric, of),
            one.printed(of),
            table.as_text(one.spread, one.published.metric, of),
        ]
        for one in published.beside(mine.content.plan, members)
    ]
    if rows:
        console.listing(("run", "figure", "published", "here"), rows)


def run(
    lab: LabName,
    quick: Quick = False,
    on: On = LOCAL,
    jobs: Jobs = 0,
    per_gpu: PerGpu = 1,
    detach: Detach = False,
    set_: Set = None,
    data: Data = None,
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Train the runs of a lab, or go on with them."""
    from workbench.config.spec import SpecError
    from workbench.studies import labs as files
    from workbench.studies import plan as plans
    from workbench.studies import queue, store
    from workbench.studies.study import StudyError

    place = cluster(on)
    found = files.find(lab)
    name = found.study(quick=quick)
    mine = next((one for one in store.listing(root(runs_folder)) if one.id == name), None)
    plan = plans.quickened(found.plan) if quick else found.plan
    if mine is None:
        mine = make(name, plan, assignments(set_), data, runs_folder, lab=found.name, quick=quick, progress=not json)
    elif set_:
        raise SpecError(f"Study {name} is described already: `workbench study rm {name}`, then give --set.")
    elif mine.content.plan != plan:
        narrate(f"{found.path} has changed: its runs stay as described; `workbench study rm {name}` begins anew.")
    problem = study_training.train(mine, queue.Orders(jobs=jobs, per_gpu=per_gpu), on=place, detach=detach, json=json)
    if not detach:
        print_results(mine, form=JSON if json else TABLE)
    if not (detach or json):
        print_published(mine)
    if problem:
        raise StudyError(problem)


def report(
    lab: LabName,
    output: document.Output = None,
    form: document.Form = "",
    lang: document.Lang = "en",
    quick: Quick = False,
    runs_folder: Runs = None,
    width: document.Width = 15,
    json: Json = False,
) -> None:
    """Write the report of a lab: the same as `workbench report LAB`."""
    document.report([lab], output, form, lang, quick, runs_folder, width, json)
