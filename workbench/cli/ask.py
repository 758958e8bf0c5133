"""Commands that ask a trained network: ``eval`` and ``predict``."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from workbench.cli.options import Json, RunName, Runs, find, piped, put, say
from workbench.cli.texts import readable
from workbench.words import plain


class SplitName(StrEnum):
    """The splits that can be evaluated."""

    train = "train"
    val = "val"
    test = "test"


def register(app: typer.Typer) -> None:
    app.command("eval", epilog="Example: workbench eval last --split test")(evaluate)
    app.command(epilog="Example: workbench predict last Satoshi Müller")(predict)


def plain_errors() -> tuple[type[Exception], ...]:
    """The engine's errors that are one plain sentence; none where the engine was never imported."""
    if "workbench.engine" not in sys.modules:
        return ()
    from workbench.engine.failures import PLAIN

    return PLAIN


def evaluate(
    run: RunName,
    split: Annotated[SplitName, typer.Option("--split", help="Which rows to measure on.")] = SplitName.test,
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Measure a run's best weights: the metrics, the confusion matrix, the per-class table."""
    from workbench.cli import show
    from workbench.cli.tables import wide_console
    from workbench.engine import answer

    found = find(run, runs_folder)
    task, evaluation, baselines = answer.evaluate(found, split.value)
    others = baselines.get(split.value, {})
    if json:
        put(
            {
                "run": found.id,
                "split": split.value,
                "data": found.spec.data,
                "protocol": task.protocol,
                "metrics": evaluation.metrics,
                "baseline": others,
                "views": evaluation.views,
            }
        )
        return
    console = wide_console()
    note = " · ".join(filter(None, [task.protocol, show.starter_note(found)]))
    console.print(show.metrics_table(found.spec.cell, evaluation.metrics, others, split.value, note))
    for shown in evaluation.views:
        console.print(show.view(shown))


def predict(
    run: RunName,
    text: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT]...", callback=readable, help="What to ask; else stdin.")
    ] = None,
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Ask a run's network; without TEXT, each line of stdin. --json prints one object a line."""
    from workbench.cli import show
    from workbench.cli.tables import wide_console
    from workbench.engine import answer

    ask = answer.answerer(find(run, runs_folder))
    if not text and sys.stdin.isatty():
        say("Type a line and press Enter; Ctrl-D ends.")
    console = wide_console()
    answered = failed = 0
    for given in text or (line for line in piped() if line.strip()):
        line = given.rstrip("\n")
        try:
            views = ask(line)
        except ValueError as error:
            say(f"workbench: {plain(str(error))}")
            if json:
                put({"text": line, "error": str(error)})
            failed += 1
            continue
        answered += 1
        if json:
            put({"text": line, "views": views})
        else:
            for shown in views:
                console.print(show.view(shown))
    if failed:
        raise typer.Exit(1)
    if not answered:
        say("workbench: There is nothing to ask: give a TEXT, or lines on stdin.")
        raise typer.Exit(2)
