"""Commands about data: where each dataset stands, to fetch one, to verify one, to name its folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import tasks
from tasks.base import DataError
from tasks.shared.datasets import locations
from tasks.shared.datasets.locations import Standing
from tasks.shared.datasets.verification import Examination
from workbench.cli.options import Data, Json, data_folder
from workbench.config import spec
from workbench.config.suggestions import did_you_mean
from workbench.render.streams import put, say


class DataCommands(TyperGroup):
    """The group ``data``, which knows what ``workbench data names`` was meant to be."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name = args[0]
        if name not in self.commands:
            if name in tasks.available():
                raise spec.SpecError(
                    f"`workbench data {name}` wants a verb: `workbench data path {name}` prints its folder, "
                    f"`data get {name}` downloads it, `data verify {name}` checks it."
                )
            known = [*self.commands, *tasks.available()]
            raise spec.SpecError(f"There is no command `data {name}`{did_you_mean(name, known)}")
        return super().resolve_command(ctx, args)


def register(app: typer.Typer) -> None:
    data = typer.Typer(
        cls=DataCommands,
        help="Say where each dataset stands; download one; verify them; print one's folder.",
        epilog="Example: workbench data verify names",
        invoke_without_command=True,
        rich_markup_mode=None,
    )
    data.callback()(listing)
    data.command("get", epilog="Example: workbench data get names")(get)
    data.command("verify", epilog="Example: workbench data verify names")(verify)
    data.command("path", epilog="Example: ls $(workbench data path names)")(path)
    app.add_typer(data, name="data")


def listing(context: typer.Context, folder: Data = None, json: Json = False) -> None:
    if context.invoked_subcommand is not None:
        if folder is not None:
            os.environ["WORKBENCH_DATA"] = str(folder.absolute())  # for the command that follows
        return
    found = {task: locations.standing(task, data_folder(folder)) for task in _with_data()}
    if json:
        put([_told(task, standing) for task, standing in found.items()])
        return
    from workbench.render import console

    heads = ("task", "data", "where", "rows", "size", "hash")
    console.listing(heads, [_row(task, standing) for task, standing in found.items()])
    for standing in found.values():
        if standing.problem:
            say(standing.problem)
    if any(standing.where in ("starter", "absent") for standing in found.values()):
        say("Full data is downloaded when a training first needs it; `workbench data get TASK` does it now.")
    if any(standing.where in ("cache", "named folder") and not standing.found for standing in found.values()):
        say("`workbench data verify` compares files with the hashes of their source, and counts their rows.")


TaskName = Annotated[str, typer.Argument(metavar="TASK", help="A task; `workbench tasks` lists them.")]


def get(task: TaskName, json: Json = False) -> None:
    """Download a task's data into the cache, unless it is there and as in its source."""
    _check(task)
    folder = locations.cached(task)
    dataset = locations.registered(task)
    if dataset is None or not locations.sound(task, folder):
        folder = locations.download(task, say, progress=not json)
    if dataset:
        say(f"Licence: {dataset.licence}. To cite: {dataset.citation}.")
    if named := data_folder(None):
        say(f"WORKBENCH_DATA is set: trainings read {named / task}.")
    put({"task": task, "folder": str(folder)}) if json else print(folder)


def verify(
    task: Annotated[str | None, typer.Argument(metavar="[TASK]", help="One task; else all that are here.")] = None,
    folder: Data = None,
    json: Json = False,
) -> None:
    """Compare files with the hashes of their source, and count their rows."""
    if task is not None:
        _check(task)
        place = _present(task, folder).folder
        found = locations.examine(task, place)
        _show([_examined(task, place, found)], [f"{place}: {_sentence(found)}"], json=json, single=True)
        if found.differing:
            raise DataError(f"{place}: {_differ(found)}")
        return
    told: list[dict[str, Any]] = []
    lines: list[str] = []
    bad: list[str] = []
    named = data_folder(folder)
    for name in _with_data():
        if not (named / name if named else locations.cached(name)).is_dir():
            told.append({"task": name, "folder": None})
            lines.append(f"{name}: not in {named}." if named else f"{name}: not downloaded.")
            continue
        try:
            source = _present(name, folder)
            found = locations.examine(name, source.folder)
        except DataError as error:
            told.append({"task": name, "problem": str(error)})
            lines.append(f"{name}: {error}")
            bad.append(name)
            continue
        told.append(_examined(name, source.folder, found))
        lines.append(f"{source.folder}: {_sentence(found)}")
        bad += [name] if found.differing else []
    _show(told, lines, json=json, single=False)
    if bad:
        raise DataError(f"Not as it should be: {', '.join(bad)}.")


def path(task: TaskName, folder: Data = None, json: Json = False) -> None:
    """Print the folder that a task's data is read from."""
    _check(task)
    place = _present(task, folder).folder
    put({"task": task, "folder": str(place)}) if json else print(place)


def _with_data() -> list[str]:
    """The tasks that need a dataset."""
    return [task for task in tasks.available() if tasks.settings(task).files]


def _check(task: str) -> None:
    if task not in tasks.available():
        raise spec.SpecError(f"There is no task {task!r}{did_you_mean(task, tasks.available())}")


def _present(task: str, folder: Path | None) -> locations.Source:
    found = locations.present(task, data_folder(folder))
    if found is None:
        raise DataError(
            f"The {task} data is not downloaded yet: `workbench data get {task}` does it, as does a training; "
            "or name a folder with --data."
        )
    return found


def _show(told: list[dict[str, Any]], lines: list[str], *, json: bool, single: bool) -> None:
    if json:
        put(told[0] if single else told)
    else:
        print(*lines, sep="\n")


def _examined(task: str, folder: Path, found: Examination) -> dict[str, Any]:
    return {
        "task": task,
        "folder": str(folder),
        "hash": found.verdict,
        "rows": found.rows,
        "files": found.files,
        "missing": found.missing,
    }


def _sentence(found: Examination) -> str:
    """What an examination found, in one sentence."""
    verified = sum(verdict == "verified" for verdict in found.files.values())
    unknown = [name for name, verdict in found.files.items() if verdict == "no hash known"]
    parts = [f"{verified} file{'s' * (verified != 1)} as in the source"] if verified else []
    parts += [_differ(found).rstrip(".")] if found.differing else []
    parts += [f"no hash known of {_some(unknown)}"] if unknown else []
    parts += [f"{_some(found.missing)} of the source not there"] if found.missing else []
    parts += [f"{found.rows:,} row{'s' * (found.rows != 1)}"] if found.rows is not None else []
    return "; ".join(parts) + "."


def _differ(found: Examination) -> str:
    return f"{_some(found.differing)} differ{'s' * (len(found.differing) == 1)} from the source: fetch again."


def _some(names: list[str]) -> str:
    """The first of many names."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _row(task: str, standing: Standing) -> list[str]:
    from rich.filesize import decimal

    dataset = locations.registered(task)
    return [
        task,
        dataset.title if dataset else "–",
        standing.where,
        "–" if standing.rows is None else f"{standing.rows:,}",
        "–" if standing.size is None else decimal(standing.size),
        _hash(standing) or "–",
    ]


def _hash(standing: Standing) -> str | None:
    """What is known of the full data's hashes; ``None`` where it does not stand here."""
    if standing.where not in ("cache", "named folder"):
        return None
    return standing.found.verdict if standing.found else "not verified"


def _told(task: str, standing: Standing) -> dict[str, Any]:
    dataset = locations.registered(task)
    return {
        "task": task,
        "where": standing.where,
        "folder": str(standing.folder) if standing.folder else None,
        "problem": standing.problem or None,
        "rows": standing.rows,
        "bytes": standing.size,
        "hash": _hash(standing),
        "title": dataset.title if dataset else None,
        "source": dataset.home if dataset else None,
        "licence": dataset.licence if dataset else None,
        "citation": dataset.citation if dataset else None,
        "download_bytes": dataset.size if dataset else None,
        "reads": {reader.pattern: reader.form for reader in dataset.readers} if dataset else {},
    }
