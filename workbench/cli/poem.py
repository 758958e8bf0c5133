"""``poem``: a trained writer goes on from a beginning, character by character.

It computes in this process: one command asks one network once, so that a child would only add a start and a pipe.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import Json, Runs, find, on_terminal
from workbench.config.defaults import LENGTH, REPETITION, SEEDS, TEMPERATURE, TOP_P
from workbench.config.spec import SpecError
from workbench.render.format import plain
from workbench.render.streams import narrate, print_json, stdin_lines
from workbench.render.text_input import bare
from workbench.repl.commands import BEST, LONGEST, Desk
from workbench.runs import store
from workbench.runs.store import NoSuchRun, Run, RunError

if TYPE_CHECKING:
    from workbench.repl.generator import Asked, Pen


def _bare(given: str | None) -> str | None:
    return None if given is None else bare(given)


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: workbench poem --start 月 --seed 1")(poem)


def poem(
    run: Annotated[
        str, typer.Argument(metavar="[RUN]", help="Which run writes; else the newest finished one that can.")
    ] = "",
    start: Annotated[
        str | None,
        typer.Option(
            "--start", metavar="TEXT", callback=_bare, help="How it begins; else a line of stdin each, else freely."
        ),
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            "--form", metavar="FORM", callback=_bare, help="五绝, 七绝, 五律, 七律 or free; else the network chooses."
        ),
    ] = "",
    acrostic: Annotated[
        str,
        typer.Option(
            "--acrostic", metavar="TEXT", callback=_bare, help="藏头: each line begins with the next of its characters."
        ),
    ] = "",
    rhyme: Annotated[
        str,
        typer.Option(
            "--rhyme", metavar="X", callback=_bare, help="A character to rhyme with, or a rhyme group's name."
        ),
    ] = "",
    tones: Annotated[
        bool, typer.Option("--tones/--free-tones", help="Regulated verse: level and oblique by rule, rhymed.")
    ] = False,
    distinct: Annotated[bool, typer.Option("--distinct", help="No character twice in a line.")] = False,
    novel: Annotated[bool, typer.Option("--novel", help="No line that stands in the training corpus.")] = False,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", min=0, max=SEEDS - 1, help="Seed of the draws; else any.")
    ] = None,
    temperature: Annotated[
        float, typer.Option("--temperature", metavar="X", help="Below 1 surer, above 1 bolder; 0: always the best.")
    ] = TEMPERATURE,
    top_k: Annotated[int, typer.Option("--top-k", metavar="N", help="Draw among the N best only; 0: all.")] = 0,
    top_p: Annotated[
        float, typer.Option("--top-p", metavar="X", help="Draw among the best that hold this probability; 1: all.")
    ] = TOP_P,
    repetition: Annotated[
        float, typer.Option("--repetition", metavar="X", help="Nats that a character costs again; 0: none.")
    ] = REPETITION,
    count: Annotated[
        int, typer.Option("--count", "-n", metavar="N", min=1, help="Poems of each beginning; seeds count up.")
    ] = 1,
    best_of: Annotated[
        int, typer.Option("--best-of", metavar="N", min=1, max=BEST, help="Write N at once and keep the best of them.")
    ] = 1,
    length: Annotated[
        int, typer.Option("--length", metavar="N", min=1, max=LONGEST, help="Characters written at most.")
    ] = LENGTH,
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Let a run's network write, at a prompt or at once.

    At once: with --start, --acrostic, -n, --json, or where there is no terminal. What is asked of a poem holds in it,
    or one sentence says why it cannot.

    --json prints one object a poem: text, seed, checks by rule, nats of each character.
    """
    from workbench.engine.generation.sampling import Sampler
    from workbench.repl.generator import Asked, Pen

    constraints: dict[str, str | bool] = {"form": form, "acrostic": acrostic, "rhyme": rhyme}
    constraints |= {"tones": tones, "distinct": distinct, "novel": novel}
    try:
        draw = Sampler(temperature=temperature, top_k=top_k, top_p=top_p, repetition=repetition)
    except ValueError as error:
        raise SpecError(str(error)) from None
    asked = Asked(
        draw, {name: constraints for name, constraints in constraints.items() if constraints}, best_of, length
    )
    found = find(run, runs_folder) if run else _newest(store.root(runs_folder))
    if start is None and not (acrostic or json) and count == 1 and on_terminal():
        _prompt(found, runs_folder, asked, seed)
        return
    if not _written(Pen(found), asked, _beginnings(start), seed, count, json=json):
        raise typer.Exit(1)


def _written(pen: Pen, asked: Asked, beginnings: Iterable[str], seed: int | None, count: int, *, json: bool) -> bool:
    """Print so many poems of each beginning → whether all could be written."""
    failed, written = False, 0
    for beginning in beginnings:
        first = seed if seed is not None else secrets.randbelow(SEEDS)
        for number in range(count):
            own = (first + number) % SEEDS
            try:
                if json:
                    print_json(pen.told(asked, beginning, own))
                else:
                    pen.show(asked, beginning, own, apart=written > 0)
            except ValueError as error:
                _say(error)
                if json:
                    print_json({"start": beginning, "error": str(error)})
                failed = True
                break
            written += 1
    return not failed


def _say(error: ValueError) -> None:
    narrate(f"workbench: {plain(str(error))}")


def _prompt(run: Run, folder: Path | None, asked: Asked, seed: int | None) -> None:
    """Read lines until the person leaves."""
    import msgspec

    from tasks.poems.constraints import PoemConstraints
    from workbench.repl.generator import Pen
    from workbench.repl.line_input import reader
    from workbench.repl.prompt import Prompt

    settings = Desk(
        constraints=msgspec.convert(asked.constraints, PoemConstraints),
        temperature=asked.draw.temperature,
        top_k=asked.draw.top_k,
        top_p=asked.draw.top_p,
        repetition=asked.draw.repetition,
        seed=seed,
        best_of=asked.best_of,
        length=asked.length,
    )
    try:
        prompt = Prompt(run, settings, lambda name: find(name, folder), Pen, narrate)
    except ValueError as error:
        _say(error)
        raise typer.Exit(1) from None
    prompt.serve(reader(lambda: [able.id for able in _able(store.root(folder))], prompt.told))


def _newest(folder: Path) -> Run:
    """The newest finished run that writes, else the newest that has weights, else a model that came along.

    Raises:
        NoSuchRun: there is none.
    """
    able = _able(folder)
    if not able:
        raise NoSuchRun(
            f"No run in {folder} can write yet: `workbench train poems --headless` trains one; it can be asked after "
            "its first evaluation."
        )
    return next((run for run in able if run.status() == "finished"), able[0])


def _able(folder: Path) -> list[Run]:
    """The runs that can write, the newest first, then the pretrained models."""
    able = []
    for run in (*store.listing(folder), *store.pretrained(folder)):
        try:
            if run.best_file.exists() and run.spec.settings.writes:
                able.append(run)
        except RunError:  # a description that cannot be read, a task that is no longer here
            continue
    return able


def _beginnings(start: str | None) -> Iterator[str]:
    """What was given with --start; else each line of what is piped in; else one that is empty."""
    if start is not None:
        yield start
        return
    lines = 0
    for line in () if sys.stdin.isatty() else stdin_lines():
        given = bare(line)
        if given:
            lines += 1
            yield given
    if not lines:
        yield ""
