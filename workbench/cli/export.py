"""Command ``export``: runs for other programs, as a table, as JSON, or for TensorBoard."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import completion
from workbench.cli.options import Json, Runs, find_all
from workbench.config.spec import SpecError
from workbench.render.streams import narrate, print_json


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: workbench export RUN RUN -o runs.csv")(export)


def export(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN…", help="The runs to export.", autocompletion=completion.runs),
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="A .csv or .json file; without it CSV on stdout."),
    ] = None,
    tensorboard: Annotated[
        Path | None,
        typer.Option("--tensorboard", metavar="DIR", help="Write event files for TensorBoard, a subfolder a run."),
    ] = None,
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Export runs for other programs: figures and settings as CSV or JSON, curves for TensorBoard."""
    from workbench.runs import event_files
    from workbench.runs import export as exporting
    from workbench.runs.summary import read_summary

    kind = output.suffix[1:].lower() if output is not None else "json" if json else "csv"
    if kind not in exporting.KINDS:
        raise SpecError(f"-o {output}: the name must end in {' or '.join(f'.{kind}' for kind in exporting.KINDS)}.")
    chosen = find_all(runs, runs_folder)
    written: dict[str, object] = {}
    if tensorboard is not None:
        written["tensorboard"] = [str(path) for path in event_files.write(chosen, tensorboard)]
    if output is not None or tensorboard is None:
        text = exporting.KINDS[kind]([read_summary(run) for run in chosen])
        if output is None:
            sys.stdout.write(text)
            return
        exporting.replace(output, text)
        written = {"file": str(output), **written}
    if json:
        print_json({"runs": [run.id for run in chosen], **written})
        return
    for path in (output, tensorboard):
        if path is not None:
            print(path)
    if tensorboard is not None:
        narrate(f"`tensorboard --logdir {shlex.quote(str(tensorboard))}` shows them.")
