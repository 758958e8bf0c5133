"""Command ``plot``: pictures of runs for a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from workbench.cli import completion
from workbench.cli.inspect_text import Wanted, cell_of, inspections
from workbench.cli.options import Json, Runs, find_all
from workbench.config.spec import SpecError
from workbench.config.suggestions import did_you_mean
from workbench.render.streams import narrate, print_json
from workbench.render.text import readable
from workbench.runs.run import Run

if TYPE_CHECKING:
    from workbench.report.pictures import Style


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: workbench plot last --what confusion -o matrix.png")(plot)


def plot(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN…",
            help="Runs; those that differ by their seed alone are drawn as mean and band.",
            autocompletion=completion.runs,
        ),
    ],
    what: Annotated[
        str,
        typer.Option(
            "--what",
            metavar="KIND",
            help="curves, confusion, classes, forecast or gradients; of a text gates, states or contributions.",
        ),
    ] = "curves",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="An .svg, .png or .pdf file; else a new .svg file here."),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", help="Words of the picture: en or zh.")] = "en",
    theme: Annotated[str, typer.Option("--theme", help="light or dark.")] = "light",
    width: Annotated[float, typer.Option("--width", metavar="CM", help="15 for a Word column, 25 for a slide.")] = 15,
    shares: Annotated[bool, typer.Option("--shares", help="A confusion matrix in percent of the true class.")] = False,
    metric: Annotated[
        str | None, typer.Option("--metric", metavar="NAME", help="Metric beside the loss in curves, such as macro_f1.")
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(
            "--window", metavar="N", help="A forecast's window: the N-th of those that the run keeps, from 1."
        ),
    ] = None,
    text: Annotated[
        str, typer.Option("--text", metavar="TEXT", callback=readable, help="Text whose inspection is drawn.")
    ] = "",
    row: Annotated[
        int, typer.Option("--row", metavar="N", min=0, help="In place of --text: the N-th row of the test split.")
    ] = 0,
    at: Annotated[
        str, typer.Option("--at", metavar="WEIGHTS", help="Weights that are inspected: best, last or a kept step.")
    ] = "best",
    layer: Annotated[int, typer.Option("--layer", metavar="N", min=0, help="Layer that is drawn; else the last.")] = 0,
    twin: Annotated[bool, typer.Option("--twin", help="Gates of a built-in cell, by its twin.")] = False,
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Draw a picture of runs, and print where it is."""
    from workbench.report import pictures
    from workbench.report.theme import ThemeName
    from workbench.report.words import Language

    _one_of("--what", what, (*pictures.KINDS, *pictures.INSPECTED))
    _one_of("--lang", lang, get_args(Language))
    _one_of("--theme", theme, get_args(ThemeName))
    pictures.check_width(width)
    if output is not None and output.suffix[1:].lower() not in pictures.FORMATS:
        raise SpecError(f"-o {output}: the name must end in {', '.join(f'.{kind}' for kind in pictures.FORMATS)}.")
    if metric is not None and what != "curves":
        raise SpecError(f"--metric {metric}: it chooses a metric of --what curves.")
    if window is not None and (window < 1 or what != "forecast"):
        raise SpecError(f"--window {window}: it chooses a window of --what forecast, from 1.")
    chosen = find_all(runs, runs_folder)
    path = output or pictures.free_path(Path.cwd(), chosen, what)
    style = pictures.Style(lang, theme, width, shares, metric or "", window or 0)  # type: ignore[arg-type]
    wanted = Wanted(text, row, layer=layer, twin=twin)
    if what in pictures.INSPECTED:
        notes = _draw_inspections(chosen, what, wanted, at, style, path)
    elif wanted != Wanted() or at != "best":
        raise SpecError("--text, --row, --at, --layer and --twin are of --what gates, states or contributions.")
    else:
        notes = pictures.draw(chosen, what, style, path)  # type: ignore[arg-type]
    for note in dict.fromkeys(notes):
        narrate(note)
    print_json({"file": str(path), "runs": [run.id for run in chosen]}) if json else print(path)


def _draw_inspections(runs: list[Run], what: str, wanted: Wanted, at: str, style: Style, path: Path) -> list[str]:
    from workbench.report import pictures

    if not wanted.text and not wanted.row:
        raise SpecError(f"--what {what} draws one text: give it with --text TEXT, or a row of the data with --row N.")
    wanted.check()
    found = inspections([(run, at) for run in runs], wanted, "")
    layer = found[0].cells[cell_of(found[0], wanted.layer)].layer
    return pictures.draw_inspections(found, what, style, path, layer)  # type: ignore[arg-type]


def _one_of(flag: str, given: str, choices: tuple[str, ...]) -> None:
    """Raises: SpecError: a word is none of the choices."""
    if given not in choices:
        raise SpecError(f"{flag} {given}{did_you_mean(given, choices)}")
