"""Arguments and options that commands on studies and labs share."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli import completion

StudyName = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="A study's name, the beginning of one, or `last`.", autocompletion=completion.studies
    ),
]
Jobs = Annotated[
    int, typer.Option("--jobs", metavar="N", min=0, help="Runs at once; 0: as many as the machine has room for.")
]
PerGpu = Annotated[
    int, typer.Option("--per-gpu", metavar="N", min=1, help="Runs at once on each GPU, as far as its memory goes.")
]
Detach = Annotated[bool, typer.Option("--detach", help="Return at once; the study goes on.")]
