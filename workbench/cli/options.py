"""Options that several commands share, and what they mean."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from tasks.common.datasets import named_folder
from workbench import runs
from workbench.cli.texts import readable
from workbench.runs import Run
from workbench.spec import SpecError
from workbench.words import ASCII


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
    return runs.find(name, runs.root(folder))


def data_folder(option: Path | None) -> Path | None:
    """The data folder that the user named, if any."""
    return named_folder(option)


def piped() -> Iterator[str]:
    """The lines of stdin, readable; a mark of byte order before the first is none of them."""
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8-sig", errors="surrogateescape")  # as the locale has it, it would raise
    yield from map(readable, sys.stdin)


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


def say(sentence: str) -> None:
    """Narration: to stderr, so that stdout stays data."""
    print(sentence, file=sys.stderr, flush=True)


def put(value: Any) -> None:
    """One JSON value on a line of stdout."""
    print(msgspec.json.encode(value).decode(), flush=True)
