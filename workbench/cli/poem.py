"""``poem``: a trained writer goes on from a beginning, character by character.

It computes in this process: one command asks one network once, so that a child would only add a start and a pipe.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench import runs
from workbench.cli.options import Json, Runs, find, piped, put, say
from workbench.runs import NoSuchRun, Run, RunError
from workbench.spec import SpecError
from workbench.words import flowing, plain

if TYPE_CHECKING:
    from torch import nn

    from tasks.base import Writer
    from workbench.engine.generate import Written

_SEEDS = 2**32


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: workbench poem --start 月 --seed 1")(poem)


def poem(
    run: Annotated[
        str, typer.Argument(metavar="[RUN]", help="Which run writes; else the newest finished one that can.")
    ] = "",
    start: Annotated[
        str | None,
        typer.Option("--start", metavar="TEXT", help="How it begins; else a line of stdin each, else freely."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", min=0, max=_SEEDS - 1, help="Seed of the draws; else any.")
    ] = None,
    temperature: Annotated[
        float, typer.Option("--temperature", metavar="X", help="Below 1 surer, above 1 bolder; 0: always the best.")
    ] = 0.8,
    top_k: Annotated[int, typer.Option("--top-k", metavar="N", help="Draw among the N best only; 0: all.")] = 0,
    top_p: Annotated[
        float, typer.Option("--top-p", metavar="X", help="Draw among the best that hold this probability; 1: all.")
    ] = 1.0,
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=1, help="Poems of each beginning; seeds count up.")
    ] = 1,
    length: Annotated[
        int, typer.Option("--length", metavar="N", min=1, max=100_000, help="Characters written at most.")
    ] = 200,
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Let a run's network write. --json prints one object a poem: text, seed, nats of each character."""
    from tasks.base import Writer
    from tasks.common.sampling import check
    from workbench.engine import answer

    settings = {"temperature": temperature, "top_k": top_k, "top_p": top_p}
    try:
        check(temperature=temperature, top_k=top_k, top_p=top_p)
    except ValueError as error:
        raise SpecError(str(error)) from None
    found = find(run, runs_folder) if run else _newest(runs.root(runs_folder))
    if not found.spec.settings.writes:
        raise RunError(f"Run {found.id} learned {found.spec.task}, which does not write: `workbench predict` asks it.")
    task, model = answer.open_run(found, threads=1)  # a step is one row: more threads would only wait
    assert isinstance(task, Writer)
    failed = False
    written = 0
    for beginning in _beginnings(start):
        first = seed if seed is not None else secrets.randbelow(_SEEDS)
        for number in range(count):
            own = (first + number) % _SEEDS
            try:
                tokens = _tokens(task, model, beginning, seed=own, limit=length, **settings)
            except ValueError as error:
                say(f"workbench: {plain(str(error))}")
                if json:
                    put({"start": beginning, "error": str(error)})
                failed = True
                break
            if json:
                put({"run": found.id, "start": beginning, "seed": own, **settings, **_told(*tokens)})
            else:
                if written:
                    print()
                _stream(*tokens)
            written += 1
    if failed:
        raise typer.Exit(1)


def _newest(folder: Path) -> Run:
    """The newest finished run that writes; where none is finished, the newest that has weights.

    Raises:
        NoSuchRun: there is none.
    """
    able = []
    for run in runs.listing(folder):
        try:
            if run.best_file.exists() and run.spec.settings.writes:
                able.append(run)
        except RunError:  # a description that cannot be read, a task that is no longer here
            continue
    if not able:
        raise NoSuchRun(
            f"No run in {folder} can write yet: `workbench train poems --headless` trains one; it can be asked after "
            "its first evaluation."
        )
    return next((run for run in able if run.status() == "finished"), able[0])


def _beginnings(start: str | None) -> Iterator[str]:
    """What was given with --start; else each line of what is piped in; else one that is empty."""
    if start is not None:
        yield start
        return
    lines = 0
    for line in () if sys.stdin.isatty() else piped():
        given = line.strip()
        if given:
            lines += 1
            yield given
    if not lines:
        yield ""


def _tokens(task: Writer, model: nn.Module, start: str, **settings: Any) -> tuple[str, Iterator[Written]]:
    """The beginning as the network reads it, and what it goes on with.

    Raises:
        ValueError: the beginning holds a character that the network never saw.
    """
    from workbench.engine.generate import beginning, generate

    return beginning(task, start), generate(task, model, start, **settings)


def _stream(start: str, tokens: Iterator[Written]) -> None:
    """Print a text as it comes, a sentence a line."""
    last = ""

    def show(text: str) -> None:
        nonlocal last
        for character in text:
            print(flowing(character, last), end="", flush=True)
            last = character

    show(start)
    for token in tokens:
        show(token.text)
    print(flush=True)


def _told(start: str, tokens: Iterator[Written]) -> dict[str, Any]:
    """A text as data; its NLL, in nats, over what the network wrote and the end, were there one."""
    every = list(tokens)
    nats = [-token.log_probability for token in every]
    return {
        "text": start + "".join(token.text for token in every),
        "ended": every[-1].ends,
        "nll": sum(nats) / len(nats),
        "characters": [
            {"text": token.text, "nll": nll} for token, nll in zip(every, nats, strict=True) if not token.ends
        ],
    }
