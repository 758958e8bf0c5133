"""Commands on datasets: ``data``, ``data get``, ``data verify``, ``data path``; ``data preview`` has its own file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

import tasks
from tasks.base import DataError
from workbench.cli import completion, data_preview
from workbench.cli.options import Data, Json, data_folder
from workbench.config import spec
from workbench.config.suggestions import did_you_mean
from workbench.render.streams import narrate, print_json

if TYPE_CHECKING:
    from tasks.shared.datasets.locations import DatasetStatus, Source
    from tasks.shared.datasets.registry import Dataset
    from tasks.shared.datasets.verification import VerificationReport


class DataCommands(TyperGroup):
    """Group ``data``; a task's name in place of a command is an error that names the commands for it."""

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
        help="List the datasets; download, verify, locate, preview one.",
        epilog="Example: workbench data verify names",
        invoke_without_command=True,
        rich_markup_mode=None,
    )
    data.callback()(listing)
    data.command("get", epilog="Example: workbench data get names")(get)
    data.command("verify", epilog="Example: workbench data verify names")(verify)
    data.command("path", epilog="Example: ls $(workbench data path names)")(path)
    data_preview.register(data)
    app.add_typer(data, name="data")


def listing(context: typer.Context, folder: Data = None, json: Json = False) -> None:
    if context.invoked_subcommand is not None:
        if folder is not None:
            os.environ["WORKBENCH_DATA"] = str(folder.absolute())  # for the command that follows
        return
    from tasks.shared.datasets import locations

    found = {task: locations.status(task, data_folder(folder)) for task in _with_data()}
    if json:
        print_json([_to_json(task, standing) for task, standing in found.items()])
        return
    from workbench.render import console

    heads = ("task", "data", "where", "rows", "size", "hash")
    console.listing(heads, [_row(task, standing) for task, standing in found.items()])
    for standing in found.values():
        if standing.problem:
            narrate(standing.problem)
    if any(standing.where in ("starter", "absent") and _registered(task) for task, standing in found.items()):
        narrate("Full data is downloaded when a training first needs it; `workbench data get TASK` does it now.")
    if any(standing.where in ("cache", "named folder") and not standing.found for standing in found.values()):
        narrate("`workbench data verify` compares files with the hashes of their source, and counts their rows.")


TaskName = Annotated[
    str,
    typer.Argument(metavar="TASK", help="A task; `workbench tasks` lists them.", autocompletion=completion.task_names),
]


def get(task: TaskName, json: Json = False) -> None:
    """Download a task's data into the cache, unless an intact copy is there."""
    _check(task)
    from tasks.shared.datasets import locations

    folder = locations.cached(task)
    dataset = _registered(task)
    if dataset is None or not locations.is_intact(task, folder):
        folder = locations.download(task, narrate, progress=not json)
    if dataset:
        narrate(f"Licence: {dataset.licence}. To cite: {dataset.citation}.")
    if named := data_folder(None):
        narrate(f"WORKBENCH_DATA is set: trainings read {named / task}.")
    print_json({"task": task, "folder": str(folder)}) if json else print(folder)


def verify(
    task: Annotated[
        str | None,
        typer.Argument(
            metavar="[TASK]",
            help="A task; without one, every dataset that is here.",
            autocompletion=completion.task_names,
        ),
    ] = None,
    folder: Data = None,
    json: Json = False,
) -> None:
    """Compare data files with the hashes of their source, and count their rows."""
    from tasks.shared.datasets import locations

    if task is not None:
        _check(task)
        place = _present(task, folder).folder
        found = locations.verify(task, place)
        _print_examinations(
            [_examination_to_json(task, place, found)], [f"{place}: {_verdict(task, found)}"], json=json, single=True
        )
        if found.differing:
            raise DataError(f"{place}: {_differing(found)}")
        return
    reports: list[dict[str, object]] = []
    lines: list[str] = []
    bad: list[str] = []
    named = data_folder(folder)
    for name in _with_data():
        if not (named / name if named else locations.cached(name)).is_dir():
            reports.append({"task": name, "folder": None})
            lines.append(f"{name}: not in {named}." if named else f"{name}: not downloaded.")
            continue
        try:
            source = _present(name, folder)
            found = locations.verify(name, source.folder)
        except DataError as error:
            reports.append({"task": name, "problem": str(error)})
            lines.append(f"{name}: {error}")
            bad.append(name)
            continue
        reports.append(_examination_to_json(name, source.folder, found))
        lines.append(f"{source.folder}: {_verdict(name, found)}")
        bad += [name] if found.differing else []
    _print_examinations(reports, lines, json=json, single=False)
    if bad:
        raise DataError(f"Not as it should be: {', '.join(bad)}.")


def path(task: TaskName, folder: Data = None, json: Json = False) -> None:
    """Print the folder that a task's data is read from."""
    _check(task)
    place = _present(task, folder).folder
    print_json({"task": task, "folder": str(place)}) if json else print(place)


def _registered(task: str) -> Dataset | None:
    """Return a task's dataset; ``None`` where it is not to be downloaded."""
    from tasks.shared.datasets import locations

    return locations.registered(task)


def _with_data() -> list[str]:
    """Return the tasks that need a dataset."""
    return [task for task in tasks.available() if tasks.settings(task).files]


def _check(task: str) -> None:
    """Raises: SpecError: there is no such task, or it cannot be read. DataError: it reads no files."""
    if not spec.task_settings(task).files:
        raise DataError(f"The task {task} needs no data files: it makes its examples itself.")


def _present(task: str, folder: Path | None) -> Source:
    from tasks.shared.datasets import locations

    found = locations.find(task, data_folder(folder))
    if found is None and _registered(task) is None:
        raise locations.without_source(task)
    if found is None:
        raise DataError(
            f"The {task} data is not downloaded yet: `workbench data get {task}` does it, as does a training; "
            "or name a folder with --data."
        )
    return found


def _print_examinations(reports: list[dict[str, object]], lines: list[str], *, json: bool, single: bool) -> None:
    if json:
        print_json(reports[0] if single else reports)
    else:
        print(*lines, sep="\n")


def _examination_to_json(task: str, folder: Path, found: VerificationReport) -> dict[str, object]:
    return {
        "task": task,
        "folder": str(folder),
        "hash": found.verdict,
        "rows": found.rows,
        "source_rows": dataset.rows if (dataset := _registered(task)) else None,
        "files": found.files,
        "missing": found.missing,
    }


def _verdict(task: str, found: VerificationReport) -> str:
    """Return an examination's result as one sentence."""
    dataset = _registered(task)
    whole = dataset.rows if dataset and found.rows is not None and found.rows != dataset.rows else None
    verified = sum(verdict == "verified" for verdict in found.files.values())
    unknown = [name for name, verdict in found.files.items() if verdict == "no hash known"]
    parts = [f"{verified} file{'s' * (verified != 1)} as in the source"] if verified else []
    parts += [_differing(found).rstrip(".")] if found.differing else []
    parts += [f"no hash known of {_listed(unknown)}"] if unknown else []
    parts += [f"{_listed(found.missing)} of the source not there"] if found.missing else []
    source = f", its source has {whole:,}" if whole else ""
    parts += [f"{found.rows:,} row{'s' * (found.rows != 1)}{source}"] if found.rows is not None else []
    return "; ".join(parts) + "."


def _differing(found: VerificationReport) -> str:
    return f"{_listed(found.differing)} differ{'s' * (len(found.differing) == 1)} from the source: fetch again."


def _listed(names: list[str]) -> str:
    """Return the first three names, and the number of the others."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _row(task: str, standing: DatasetStatus) -> list[str]:
    from rich.filesize import decimal

    dataset = _registered(task)
    return [
        task,
        dataset.title if dataset else _own(task),
        standing.where,
        "–" if standing.rows is None else f"{standing.rows:,}",
        "–" if standing.size is None else decimal(standing.size),
        _hash(standing) or "–",
    ]


def _own(task: str) -> str:
    """Say what is in place of a dataset: the settings that name the user's own data."""
    settings = tasks.settings(task)
    names = ", ".join(f"task.{name}" for name in settings.own_data_names())
    return f"your own: {names}" if settings.own_data_only else "–"


def _hash(standing: DatasetStatus) -> str | None:
    """Return the verdict on the full data's hashes; ``None`` where it is not here."""
    if standing.where not in ("cache", "named folder"):
        return None
    return standing.found.verdict if standing.found else "not verified"


def _to_json(task: str, standing: DatasetStatus) -> dict[str, object]:
    dataset = _registered(task)
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
