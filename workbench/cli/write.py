"""``write``: a trained network continues a text, character by character.

It computes in this process, as ``poem`` does.
"""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from workbench.cli.options import Device, Json, RunName, Runs, find
from workbench.cli.writing import Length, Seed, Temperature, TopK, TopP, check, write_all
from workbench.config.generation import DEFAULTS, SEEDS
from workbench.render.text import readable

_LENGTH = 500  # characters: a page on a terminal


def register(app: typer.Typer) -> None:
    app.command(epilog='Example: workbench write last --start "The " --seed 1')(write)


def write(
    run: RunName,
    start: Annotated[
        str, typer.Option("--start", metavar="TEXT", help="How it begins; else freely.", callback=readable)
    ] = "",
    length: Length = _LENGTH,
    seed: Seed = None,
    temperature: Temperature = DEFAULTS.temperature,
    top_k: TopK = DEFAULTS.top_k,
    top_p: TopP = DEFAULTS.top_p,
    count: Annotated[
        int, typer.Option("--count", "-n", metavar="N", min=1, help="Texts to write; seeds count up.")
    ] = 1,
    device: Device = "",
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Let a run's network write a text, printed as it is written.

    --json prints one object a text: text, seed, nats of each character.
    """
    from workbench.inference.protocol import Generate
    from workbench.repl.generator import TextGenerator

    generator = TextGenerator(find(run, runs_folder), device)
    request = Generate(
        start=start,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        repetition=0,
        length=length,
        seed=secrets.randbelow(SEEDS) if seed is None else seed,
    )
    check(generator, request, json=json)
    if not write_all(generator, [request], count, json=json):
        raise typer.Exit(1)
