"""Command ``compare``: results of several runs and the settings in which they differ."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli import completion
from workbench.cli.options import Json, Runs, find_all
from workbench.cli.table_format import JSON, TABLE, TableFormat, checked_format
from workbench.config.spec import SpecError
from workbench.render.streams import narrate, print_json

if TYPE_CHECKING:
    from workbench.runs.comparison import ResultFigure


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: workbench compare RUN RUN --format latex")(compare)


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN…", help="Two runs or more.", autocompletion=completion.runs),
    ],
    form: TableFormat = TABLE,
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Compare runs: the settings in which they differ, and their results, the best of each marked."""
    from workbench.report import tables
    from workbench.runs import comparison
    from workbench.runs.summary import UNREADABLE, facts, read_summary

    form = checked_format(form, json=json)
    chosen = [read_summary(run) for run in find_all(runs, runs_folder)]
    if len(chosen) < 2:
        raise SpecError(f"compare wants two runs or more: `workbench show {runs[0]}` shows one.")
    for summary in chosen:
        if summary.status == UNREADABLE:
            raise SpecError(summary.message)
    if form == JSON:
        differing = comparison.differing_settings(chosen)
        print_json(
            [
                facts(summary) | {"differing": {key: values[at] for key, values in differing.items()}}
                for at, summary in enumerate(chosen)
            ]
        )
    elif form == TABLE:
        _print(comparison.comparison_table(chosen))
    else:
        sys.stdout.write(tables.FORMATS[form](*comparison.comparison_table(chosen)))
    for note in comparison.comparison_notes(chosen):
        narrate(note)


def _print(table: tuple[list[str], list[list[ResultFigure]]]) -> None:
    """Print a table with a column a run, for a terminal: the names of settings and metrics are long."""
    from workbench.render import console
    from workbench.runs.comparison import BEST

    heads, rows = table
    runs = [row[0].text for row in rows]
    lines = [
        [head, *(f"{row[at].text} {BEST}" if row[at].best else row[at].text for row in rows)]
        for at, head in enumerate(heads)
    ]
    console.listing(["", *runs], lines[1:])
