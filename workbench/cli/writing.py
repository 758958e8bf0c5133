"""Options of a generation, and the printing of texts as they are written: what ``poem`` and ``write`` share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from workbench.config.generation import FIELDS, SEEDS
from workbench.config.spec import SpecError
from workbench.render.streams import narrate, print_json
from workbench.render.text import printable

if TYPE_CHECKING:
    from workbench.inference.protocol import Generate
    from workbench.repl.generator import TextGenerator


def setting(name: str, metavar: str) -> Any:
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


Seed = Annotated[int | None, setting("seed", "N")]
Temperature = Annotated[float, setting("temperature", "X")]
TopK = Annotated[int, setting("top_k", "N")]
TopP = Annotated[float, setting("top_p", "X")]
Length = Annotated[int, setting("length", "N")]


def check(generator: TextGenerator, request: Generate, *, json: bool) -> None:
    """Refuse options that cannot be met, whatever the seed and the beginnings on stdin.

    Raises:
        typer.Exit: they cannot; it is wrong usage.
    """
    try:
        generator.check(request)
    except ValueError as error:
        complain(error)
        if json:
            print_json({"start": request.start, "error": str(error)})
        raise typer.Exit(2) from None


def write_all(generator: TextGenerator, requests: Iterable[Generate], count: int, *, json: bool) -> bool:
    """Print so many texts of each request, seeds counting up; return whether all could be written."""
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
                complain(error)
                if json:
                    print_json({"start": own.start, "error": str(error)})
                failed = True
                break
            written += 1
    return not failed


def complain(error: ValueError) -> None:
    """Print an error on stderr."""
    narrate(f"workbench: {printable(str(error))}")
