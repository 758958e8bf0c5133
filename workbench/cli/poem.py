"""``poem``: a trained network continues a beginning, character by character.

It computes in this process: a child would only add a start and a pipe.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import completion
from workbench.cli.options import Device, Json, Runs, find, on_terminal
from workbench.cli.writing import Length, Seed, Temperature, TopK, TopP, check, complain, setting, write_all
from workbench.config.generation import DEFAULTS, SEEDS, GenerationConfig
from workbench.render.streams import narrate, stdin_lines
from workbench.render.text import stripped
from workbench.runs import writers
from workbench.runs.locations import root
from workbench.runs.run import Run

if TYPE_CHECKING:
    from workbench.repl.settings import PromptSettings


def _text(flag: str, metavar: str, help: str, completion: Any = None) -> Any:
    """Make an option that takes a text."""
    return typer.Option(
        flag,
        metavar=metavar,
        help=help,
        autocompletion=completion,
        callback=lambda value: None if value is None else stripped(value),
    )


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: workbench poem --start 月 --seed 1")(poem)


def poem(
    run: Annotated[
        str,
        typer.Argument(
            metavar="[RUN]",
            help="Which run writes; else the best finished one that can.",
            autocompletion=completion.runs,
        ),
    ] = "",
    start: Annotated[
        str | None, _text("--start", "TEXT", "How it begins; else a line of stdin each, else freely.")
    ] = None,
    form: Annotated[
        str, _text("--form", "FORM", "五绝, 七绝, 五律, 七律 or free; else the network chooses.", completion.forms)
    ] = "",
    acrostic: Annotated[
        str, _text("--acrostic", "TEXT", "藏头: each line begins with the next of its characters.")
    ] = "",
    rhyme: Annotated[
        str, _text("--rhyme", "X", "A character to rhyme with, a rhyme group's name, or any; no rhyme twice.")
    ] = "",
    tones: Annotated[
        bool, typer.Option("--tones/--free-tones", help="Regulated verse: level and oblique by rule, rhymed.")
    ] = False,
    distinct: Annotated[bool, typer.Option("--distinct", help="No character twice in a line.")] = False,
    novel: Annotated[bool, typer.Option("--novel", help="No line that stands in the training corpus.")] = False,
    seed: Seed = None,
    temperature: Temperature = DEFAULTS.temperature,
    top_k: TopK = DEFAULTS.top_k,
    top_p: TopP = DEFAULTS.top_p,
    repetition: Annotated[float, setting("repetition", "X")] = DEFAULTS.repetition,
    count: Annotated[
        int, typer.Option("--count", "-n", metavar="N", min=1, help="Poems of each beginning; seeds count up.")
    ] = 1,
    best_of: Annotated[int, setting("best_of", "N")] = DEFAULTS.best_of,
    length: Length = DEFAULTS.length,
    device: Device = "",
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Let a run's network write, at a prompt or at once.

    At once: with --start, --acrostic, -n, --json, or where there is no terminal. What is asked of a poem holds in it,
    or one sentence says why it cannot.

    --json prints one object a poem: text, seed, checks by rule, nats of each character.
    """
    from workbench.repl.generator import PoemGenerator
    from workbench.repl.settings import PromptSettings

    constraints: dict[str, str | bool] = {"form": form, "acrostic": acrostic, "rhyme": rhyme}
    constraints |= {"tones": tones, "distinct": distinct, "novel": novel}
    settings = PromptSettings(
        constraints={name: value for name, value in constraints.items() if value},
        config=GenerationConfig(
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            repetition=repetition,
            seed=seed or 0,
            length=length,
            best_of=best_of,
        ),
        seeded=seed is not None,
    )
    chosen, why = (find(run, runs_folder), "writes.") if run else writers.preferred(root(runs_folder))
    if start is None and not (acrostic or json) and count == 1 and on_terminal():
        _prompt(chosen, why, runs_folder, settings, device)
        return
    generator = PoemGenerator(chosen, device)
    check(generator, settings.request(start=start or ""), json=json)
    if not run:
        narrate(f"{chosen.id} {why}")
    requests = (
        settings.request(start=beginning, seed=seed if seed is not None else secrets.randbelow(SEEDS))
        for beginning in _beginnings(start)
    )
    if not write_all(generator, requests, count, json=json):
        raise typer.Exit(1)


def _prompt(run: Run, why: str, folder: Path | None, settings: PromptSettings, device: str) -> None:
    """Open the prompt until the person leaves.

    Args:
        why: the run writes, and not another one.
    """
    from workbench.repl.generator import PoemGenerator
    from workbench.repl.line_input import line_reader
    from workbench.repl.prompt import Prompt

    try:
        generator = partial(PoemGenerator, device=device)
        prompt = Prompt(run, settings, lambda name: find(name, folder), generator, narrate, why)
    except ValueError as error:
        complain(error)
        raise typer.Exit(2) from None

    def models() -> list[str]:
        return [run.id for run in writers.listing(root(folder))]

    prompt.serve(line_reader(prompt.available_commands, models, lambda: f" {prompt.status()}"))


def _beginnings(start: str | None) -> Iterator[str]:
    """Yield the beginning given with --start; else each line of what is piped in; else an empty one."""
    if start is not None:
        yield start
        return
    lines = 0
    for line in () if sys.stdin.isatty() else stdin_lines():
        beginning = stripped(line)
        if beginning:
            lines += 1
            yield beginning
    if not lines:
        yield ""
