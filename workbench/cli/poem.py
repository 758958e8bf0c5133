"""``poem``: a trained network continues a beginning, character by character.

It computes in this process: a child would only add a start and a pipe.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from workbench.cli import completion
from workbench.cli.options import Device, Json, Runs, find, on_terminal
from workbench.config.generation import DEFAULTS, FIELDS, SEEDS, GenerationConfig
from workbench.config.spec import SpecError
from workbench.render.streams import narrate, print_json, stdin_lines
from workbench.render.text import printable, stripped
from workbench.runs import store, writers
from workbench.runs.store import Run

if TYPE_CHECKING:
    from workbench.inference.protocol import Generate
    from workbench.repl.generator import PoemGenerator
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


def _setting(name: str, metavar: str) -> Any:
    """Make the option of a field of ``GenerationConfig``, with its help and bounds."""
    flag = f"--{name.replace('_', '-')}"
    field = FIELDS[name]._replace(key=flag)

    def check(value: float | None) -> float | None:
        try:
            return None if value is None else field.read(value)
        except ValueError as error:
            raise SpecError(str(error)) from None

    text = f"{field.help[0].upper()}{field.help[1:]} ({field.bounds})."
    return typer.Option(flag, metavar=metavar, help=text, callback=check)


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
    rhyme: Annotated[str, _text("--rhyme", "X", "A character to rhyme with, or a rhyme group's name.")] = "",
    tones: Annotated[
        bool, typer.Option("--tones/--free-tones", help="Regulated verse: level and oblique by rule, rhymed.")
    ] = False,
    distinct: Annotated[bool, typer.Option("--distinct", help="No character twice in a line.")] = False,
    novel: Annotated[bool, typer.Option("--novel", help="No line that stands in the training corpus.")] = False,
    seed: Annotated[int | None, _setting("seed", "N")] = None,
    temperature: Annotated[float, _setting("temperature", "X")] = DEFAULTS.temperature,
    top_k: Annotated[int, _setting("top_k", "N")] = DEFAULTS.top_k,
    top_p: Annotated[float, _setting("top_p", "X")] = DEFAULTS.top_p,
    repetition: Annotated[float, _setting("repetition", "X")] = DEFAULTS.repetition,
    count: Annotated[
        int, typer.Option("--count", "-n", metavar="N", min=1, help="Poems of each beginning; seeds count up.")
    ] = 1,
    best_of: Annotated[int, _setting("best_of", "N")] = DEFAULTS.best_of,
    length: Annotated[int, _setting("length", "N")] = DEFAULTS.length,
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
    chosen, why = (find(run, runs_folder), "writes.") if run else writers.preferred(store.root(runs_folder))
    if start is None and not (acrostic or json) and count == 1 and on_terminal():
        _prompt(chosen, why, runs_folder, settings, device)
        return
    generator = PoemGenerator(chosen, device)
    _check(generator, settings.request(start=start or ""), json=json)
    if not run:
        narrate(f"{chosen.id} {why}")
    requests = (
        settings.request(start=beginning, seed=seed if seed is not None else secrets.randbelow(SEEDS))
        for beginning in _beginnings(start)
    )
    if not _write_all(generator, requests, count, json=json):
        raise typer.Exit(1)


def _check(generator: PoemGenerator, request: Generate, *, json: bool) -> None:
    """Refuse options that cannot be met, whatever the seed and the beginnings on stdin.

    Raises:
        typer.Exit: they cannot; it is wrong usage.
    """
    try:
        generator.check(request)
    except ValueError as error:
        _complain(error)
        if json:
            print_json({"start": request.start, "error": str(error)})
        raise typer.Exit(2) from None


def _write_all(generator: PoemGenerator, requests: Iterable[Generate], count: int, *, json: bool) -> bool:
    """Print so many poems of each request, seeds counting up; return whether all could be written."""
    failed, written = False, 0
    for request in requests:
        for number in range(count):
            own = msgspec.structs.replace(request, seed=(request.seed + number) % SEEDS)
            try:
                if json:
                    print_json(generator.record(own))
                else:
                    generator.write(own, blank_line=written > 0)
            except ValueError as error:
                _complain(error)
                if json:
                    print_json({"start": own.start, "error": str(error)})
                failed = True
                break
            written += 1
    return not failed


def _complain(error: ValueError) -> None:
    narrate(f"workbench: {printable(str(error))}")


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
        _complain(error)
        raise typer.Exit(2) from None

    def models() -> list[str]:
        return [run.id for run in writers.listing(store.root(folder))]

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
