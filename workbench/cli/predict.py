"""Commands that use a trained network: ``eval`` and ``predict``."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from workbench.cli.options import Device, Json, RunName, Runs, find
from workbench.render.streams import narrate, print_json, stdin_lines
from workbench.render.text import printable, readable


class SplitName(StrEnum):
    """The splits that can be evaluated."""

    train = "train"
    val = "val"
    test = "test"


def register(app: typer.Typer) -> None:
    app.command("eval", epilog="Example: workbench eval last --split test")(evaluate)
    app.command(epilog="Example: workbench predict last Satoshi Müller")(predict)


def evaluate(
    run: RunName,
    split: Annotated[SplitName, typer.Option("--split", help="The split to evaluate on.")] = SplitName.test,
    device: Device = "",
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Evaluate a run's best weights: metrics, confusion matrix, per-class table."""
    from workbench.cli import results
    from workbench.engine import trained_run
    from workbench.render import views
    from workbench.render.console import wide_console

    chosen = find(run, runs_folder)
    task, evaluation, baselines, device = trained_run.evaluate(chosen, split.value, device)
    others = baselines.get(split.value, {})
    if json:
        print_json(
            {
                "run": chosen.id,
                "split": split.value,
                "data": chosen.spec.data,
                "protocol": task.protocol,
                "device": device,
                "metrics": evaluation.metrics,
                "baseline": others,
                "views": evaluation.views,
            }
        )
        return
    console = wide_console()
    note = " · ".join(filter(None, [task.protocol, results.starter_note(chosen), device]))
    console.print(results.metrics_table(chosen.spec, evaluation.metrics, others, split.value, note))
    for shown in evaluation.views:
        console.print(views.view(shown, chosen.spec.settings))


def predict(
    run: RunName,
    text: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TEXT]...", callback=readable, help="Texts; without one, the lines of stdin."),
    ] = None,
    device: Device = "",
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Predict with a run's best weights: each TEXT, or each line of stdin. --json prints an object per text."""
    from workbench.engine import trained_run
    from workbench.render import views
    from workbench.render.console import wide_console

    chosen = find(run, runs_folder)
    predictor = trained_run.predictor(chosen, device)
    if not text and sys.stdin.isatty():
        narrate("Type a line and press Enter; Ctrl-D ends.")
    console = wide_console()
    answered = failed = 0
    for raw in text or (line for line in stdin_lines() if line.strip()):
        line = raw.rstrip("\n")
        try:
            shown_views = predictor(line)
        except ValueError as error:
            narrate(f"workbench: {printable(str(error))}")
            if json:
                print_json({"text": line, "error": str(error)})
            failed += 1
            continue
        answered += 1
        if json:
            print_json({"text": line, "views": shown_views})
        else:
            for shown in shown_views:
                console.print(views.view(shown, chosen.spec.settings))
    if failed:
        raise typer.Exit(1)
    if not answered:
        narrate("workbench: There is nothing to ask: give a TEXT, or lines on stdin.")
        raise typer.Exit(2)
