"""``study show``: the table of a study's results, with differences and notes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import Json, Runs
from workbench.cli.study_options import StudyName
from workbench.cli.table_format import JSON, TABLE, TableFormat, checked_format
from workbench.render.streams import narrate, print_json
from workbench.runs.locations import root

if TYPE_CHECKING:
    from workbench.studies.study import Study


def show(
    name: StudyName,
    rows: Annotated[str, typer.Option("--rows", metavar="KEYS", help="Settings in the rows.")] = "",
    columns: Annotated[str, typer.Option("--cols", metavar="KEYS", help="Settings in the columns.")] = "",
    metric: Annotated[
        str,
        typer.Option(
            "--metric", metavar="NAME", help="E.g. test.accuracy, val.loss or run.seconds; else the task's main one."
        ),
    ] = "",
    form: TableFormat = TABLE,
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Show a study: its runs' states, and a table of their results as mean ± standard deviation of the seeds."""
    from workbench.studies import store

    form = checked_format(form, json=json)
    print_results(store.find(name, root(runs_folder)), rows, columns, metric, form)


def print_results(study: Study, rows: str = "", columns: str = "", metric: str = "", form: str = TABLE) -> None:
    """Print the table of a study, and what must be known beside it."""
    from workbench.render import console
    from workbench.report import tables
    from workbench.runs.comparison import BEST
    from workbench.studies import differences, metrics, overview, submission, table

    plan, members = study.content.plan, submission.members(study)
    of = table.task_settings(study)
    further = [] if metric else plan.also
    metric = metric or table.main_metric(study)
    metric = metric if "." in metric else f"test.{metric}"
    asked = [_split(text) or usual for text, usual in ((rows, plan.rows), (columns, plan.columns))]
    found = table.pivot(members, metric, of, *asked)
    pairs = differences.against_best(members, metric, of)
    if form == JSON:
        print_json(
            table.to_json(study, members, found)
            | {"differences": [pair._asdict() | {"clear": pair.clear} for pair in pairs]}
        )
        return
    if form != TABLE:
        sys.stdout.write(tables.FORMATS[form](found.heads, found.rows))
    else:
        title = " · quick" * study.content.quick
        for one in (found, *(table.pivot(members, name, of, *asked) for name in further)):
            print(f"{study.id}{title}: {metrics.heading(one.metric, of)}")
            console.listing(
                one.heads, [[f"{cell.text} {BEST}" if cell.best else cell.text for cell in row] for row in one.rows]
            )
        if pairs:
            print(differences.title(pairs))
            console.listing(
                differences.HEADS, [differences.cells(pair, of) for pair in pairs], spare=differences.HEADS[:2:-1]
            )
    for note in (*overview.notes(study, members), *filter(None, [table.merged_note(found)])):
        narrate(note)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
