"""Options that several commands share, and what they mean."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tasks.shared.datasets.locations import named_folder
from workbench.config.environment import ASCII
from workbench.config.spec import SpecError
from workbench.runs import store
from workbench.runs.store import Run


def _ask_for_ascii(wanted: bool) -> None:
    """The screen that opens later draws so."""
    if wanted:
        os.environ[ASCII] = "1"


Runs = Annotated[
    Path | None, typer.Option("--runs", metavar="DIR", help="Where runs are kept (WORKBENCH_RUNS, else ./checkpoints).")
]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Folder of datasets (WORKBENCH_DATA, else downloaded).")
]
Ascii = Annotated[
    bool,
    typer.Option(
        "--ascii", callback=_ask_for_ascii, help="Draw lines, charts and marks with ASCII alone (WORKBENCH_ASCII=1)."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Headless = Annotated[bool, typer.Option("--headless", help="Show progress here rather than on the screen.")]
ReadOnly = Annotated[
    bool, typer.Option("--readonly", help="Only show: on the screen no run is started, stopped or deleted.")
]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, the beginning of one, `last`, or its folder.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Any setting, e.g. train.schedule=cosine; may be repeated."),
]


def find(name: str, folder: Path | None) -> Run:
    """The run that the user means."""
    return store.find(name, store.root(folder))


def data_folder(option: Path | None) -> Path | None:
    """The data folder that the user named, if any."""
    return named_folder(option)


def assignments(pairs: list[str] | None) -> dict[str, str]:
    """``KEY=VALUE`` texts as a mapping.

    Raises:
        SpecError: a text has no ``=``.
    """
    for pair in pairs or []:
        key, sign, _ = pair.partition("=")
        if not (key.strip() and sign):
            raise SpecError(f"--set {pair} has no {'value' if key.strip() else 'key'}: write --set KEY=VALUE.")
    return dict((part.strip() for part in pair.split("=", 1)) for pair in pairs or [])  # type: ignore[misc]


def on_terminal() -> bool:
    """Whether a person can use the screen here."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def need_terminal() -> None:
    """Refuse to open the screen where there is none.

    Raises:
        SpecError: stdin or stdout is no terminal.
    """
    if not on_terminal():
        raise SpecError("This is not a terminal: `workbench train … --headless` or `--detach` works without one.")
