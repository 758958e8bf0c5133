"""Command ``note``: name, note and tags of a run."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.options import Json, RunName, Runs, find
from workbench.config.spec import SpecError
from workbench.config.suggestions import did_you_mean
from workbench.render.streams import narrate, print_json
from workbench.render.text import printable_lines
from workbench.runs import metadata
from workbench.runs.metadata import MetadataError, RunMetadata
from workbench.runs.run import Run

Tags = Annotated[
    list[str] | None, typer.Option("--tag", metavar="TAG", help="A word to find runs by; may be repeated.")
]


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: workbench note last 'diverges without clipping' --tag draft")(note)


def note(
    context: typer.Context,
    run: RunName,
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", show_default=False, help="The note; without it, it is printed.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The run's name; '' takes it away.")
    ] = None,
    tag: Tags = None,
    untag: Annotated[
        list[str] | None, typer.Option("--untag", metavar="TAG", help="Take a tag away; may be repeated.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Take the note away.")] = False,
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Give a run a name, a note and tags, or print its note."""
    if clear and text:
        raise SpecError("--clear takes the note away and TEXT writes another: choose one.")
    chosen = find(run, runs_folder)
    about = metadata.read(chosen)
    if not (text or clear or tag or untag or name is not None):
        _print(chosen, about, json=json)
        return
    if context.find_root().params.get("readonly"):
        raise SpecError("--readonly only shows: `workbench note` without it changes what the run is called.")
    if unknown := next((one for one in untag or [] if one not in about.tags), None):
        raise SpecError(f"Run {chosen.id} has no tag {unknown!r}{did_you_mean(unknown, about.tags)}")
    changed = entered(about, name=name, note="" if clear else text or None, add=tag or [], remove=untag or [])
    metadata.write(chosen, changed)
    if json:
        _print(chosen, changed, json=True)
    else:
        narrate(f"Run {chosen.id}: {described(changed) or 'no name, no note and no tags'}.")


def entered(
    about: RunMetadata, *, name: str | None, note: str | None, add: list[str], remove: list[str]
) -> RunMetadata:
    """Return metadata with words of a command line.

    Raises:
        SpecError: they are too long, or no name or tag.
    """
    try:
        return metadata.edited(about, name=name, note=note, add=add, remove=remove)
    except MetadataError as error:
        raise SpecError(str(error)) from None


def described(about: RunMetadata) -> str:
    """Return metadata in words, without the note's text; empty where there are none."""
    parts = [f"name {about.name!r}" if about.name else "", f"tags {', '.join(about.tags)}" if about.tags else ""]
    parts.append(f"a note of {len(about.note):,} characters" if about.note else "")
    return ", ".join(filter(None, parts))


def _print(run: Run, about: RunMetadata, *, json: bool) -> None:
    if json:
        print_json({"run": run.id, **metadata.facts(about)})
    elif about.note:
        print(printable_lines(about.note))
    else:
        called = described(about)
        narrate(f"Run {run.id} has no note{f': {called}' if called else ''}. `workbench note RUN TEXT` writes one.")
