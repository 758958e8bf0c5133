"""Command ``data preview``: first rows and facts of the data that a training would read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import tasks
from workbench.cli import completion
from workbench.cli.options import Data, Json, Set, assignments, data_folder
from workbench.config import spec
from workbench.render.streams import narrate, print_json

if TYPE_CHECKING:
    from tasks.preview import Preview
    from workbench.config.spec import RunSpec

_CELL = "lstm"  # goes with every task; a preview builds no network


def register(data: typer.Typer) -> None:
    data.command("preview", epilog="Example: workbench data preview climate --set task.csv=river.csv")(preview)


def preview(
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK", help="A task; `workbench tasks` lists them.", autocompletion=completion.task_names
        ),
    ],
    set_: Set = None,
    folder: Data = None,
    json: Json = False,
) -> None:
    """Show what a training would read: first rows, classes, what was guessed and left out. Nothing is downloaded."""
    spec.task_settings(task)
    described = spec.make(task, _CELL, assignments(set_))
    found = tasks.load(task).preview(described.settings, _folder(described, folder))
    print_json(found) if json else _print(found)


def _folder(described: RunSpec, option: Path | None) -> Path:
    """Return the folder of a task's data, or of its starter set where they are not downloaded.

    Raises:
        DataError: a file or folder was named and is missing, or there is nothing to look at yet.
    """
    from tasks.base import DataError
    from tasks.shared.datasets import locations

    task = described.task
    found = locations.find(task, data_folder(option), described.settings)
    if found is not None:
        return found.folder
    starter = locations.starter(task)
    if not starter.is_dir():
        raise DataError(f"The {task} data is not downloaded yet: `workbench data get {task}` does it.")
    narrate(f"The {task} data is not downloaded: this is the small starter set.")
    return starter


def _print(found: Preview) -> None:
    from rich.text import Text

    from workbench.render import preview as rendered
    from workbench.render.console import wide_console

    styles = {"": "", "head": "bold", "muted": "dim", "bar": "cyan", "good": "green", "warning": "yellow"}
    console = wide_console()
    for line in rendered.lines(found, console.width):
        console.print(Text.assemble(*((span.text, styles[span.role]) for span in line)), no_wrap=True)
