"""Command ``inspect``: a look inside trained networks, on a text or through time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import completion
from workbench.cli.options import Device, Json, Runs, find
from workbench.cli.predict import SplitName
from workbench.config.spec import SpecError
from workbench.render.text import readable

_MOST_EXAMPLES = 4_096  # as ``train.probe``
_UNITS = 5  # of each trait


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: workbench inspect last Dostoevsky --beside names-rnn")(inspect)


def inspect(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN [TEXT]…",
            help="A run, then a text; with --gradients or --units runs alone.",
            autocompletion=completion.runs,
            callback=readable,
        ),
    ],
    row: Annotated[
        int, typer.Option("--row", metavar="N", min=0, help="In place of a text: the N-th row of the split, from 1.")
    ] = 0,
    split: Annotated[SplitName, typer.Option("--split", help="The split of --row and --units.")] = SplitName.test,
    at: Annotated[
        str, typer.Option("--at", metavar="WEIGHTS", help="best, last, or the step of a kept evaluation (train.keep).")
    ] = "best",
    beside: Annotated[
        list[str] | None,
        typer.Option(
            "--beside",
            metavar="RUN[@WEIGHTS]",
            help="Another run on the same text, or other weights: last@500; may be repeated.",
            autocompletion=completion.runs,
        ),
    ] = None,
    target: Annotated[
        str,
        typer.Option("--target", metavar="ANSWER", help="Answer whose contributions are measured; else the likeliest."),
    ] = "",
    layer: Annotated[int, typer.Option("--layer", metavar="N", min=0, help="Layer that is shown; else the last.")] = 0,
    unit: Annotated[
        int | None, typer.Option("--unit", metavar="N", min=0, help="Follow one unit over the text, from 0.")
    ] = None,
    part: Annotated[
        str, typer.Option("--part", metavar="NAME", help="Part of the state of --unit: h or c; else the memory.")
    ] = "",
    twin: Annotated[
        bool, typer.Option("--twin", help="Show the gates of a built-in cell by its twin with the same weights.")
    ] = False,
    gradients: Annotated[
        bool, typer.Option("--gradients", help="Measure the gradient through time, of several runs side by side.")
    ] = False,
    units: Annotated[
        bool, typer.Option("--units", help="Find the units that go with a class, a tone, the end of a line.")
    ] = False,
    examples: Annotated[
        int | None,
        typer.Option(
            "--examples",
            metavar="N",
            min=1,
            max=_MOST_EXAMPLES,
            help="Examples to measure on; else 32 for --gradients, 500 for --units.",
        ),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write every number of a text's inspection to a file.")
    ] = None,
    device: Device = "",
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Look inside trained networks: gates, states and answer at every step of a text, and what each step contributed.

    With --gradients: how far back the gradient reaches. With --units: which units go with what.
    """
    text = " ".join(names[1:]).strip()
    if gradients and units:
        raise SpecError("Give --gradients or --units, not both.")
    whole = "--gradients" if gradients else "--units" if units else ""
    of_a_text: dict[str, object] = {"--row": row, "--beside": beside, "--target": target, "--layer": layer}
    of_a_text |= {"--unit": unit, "--part": part, "--twin": twin, "--csv": csv}
    of_a_text["--split"] = gradients and split is not SplitName.test
    if (
        idle := next((name for name, value in of_a_text.items() if value not in (None, "", 0, False, [])), "")
        if whole
        else ""
    ):
        raise SpecError(f"{idle} does not go with {whole}: leave it out.")
    if examples and not whole:
        raise SpecError("--examples goes with --gradients or --units: leave it out.")
    if part and unit is None and not whole:
        raise SpecError(f"--part {part} goes with --unit N: name the unit.")
    if gradients:
        from workbench.cli import inspect_gradients

        chosen = [find(name, runs_folder) for name in names]
        inspect_gradients.inspect_gradients(chosen, at, examples or 32, device, json=json)
        return
    from workbench.cli import inspect_text

    run = find(names[0], runs_folder)
    if units:
        if text:
            raise SpecError(f"--units reads rows of the data: leave {text!r} out.")
        inspect_text.find_units(run, at, split.value, examples or 500, _UNITS, device, json=json)
        return
    wanted = inspect_text.Wanted(text, row, split.value, target, layer, part, unit, twin)
    wanted.check()
    others = [name.rpartition("@") if "@" in name else (name, "", "best") for name in beside or ()]
    pairs = [(run, at), *((find(name, runs_folder), weights) for name, _, weights in others)]
    inspect_text.inspect_text(pairs, wanted, device, csv, json=json)
