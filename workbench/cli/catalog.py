"""Commands about what there is: ``tasks``, ``cells``, ``doctor``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import cells as cell_files
import tasks as task_folders
from workbench.cli import completion
from workbench.cli.options import Data, Json, Set, assignments, data_folder
from workbench.config import spec
from workbench.config.fields import Field, describe
from workbench.config.suggestions import did_you_mean
from workbench.render.streams import print_json

if TYPE_CHECKING:
    from cells._base import AnyCell
    from tasks.base import Settings

OWN = "Folders of your own cells: WORKBENCH_CELLS=DIR, of your own tasks: WORKBENCH_TASKS=DIR."


def register(app: typer.Typer) -> None:
    app.command(epilog=f"{OWN} Example: workbench tasks --json")(tasks)
    app.command(epilog=f"{OWN} Example: workbench cells lstm --hidden 256 --task names")(cells)
    app.command(epilog="Example: workbench doctor")(doctor)


def tasks(json: Json = False) -> None:
    """List the tasks with their presets."""
    from workbench.render import console

    readable = {name: task_folders.settings(name) for name in task_folders.available()}
    broken = task_folders.unreadable()
    if json:
        described = [_task_as_data(name, kind) for name, kind in readable.items()]
        print_json([*described, *_broken_as_data("task", broken)])
        return
    rows = []
    for name, kind in readable.items():
        rows.append((name, kind.about))
        rows += [("", f"--preset {preset}: {chosen.help}") for preset, chosen in kind.presets.items()]
    console.facts([*rows, *broken.items()])


def _task_as_data(name: str, kind: type[Settings]) -> dict[str, object]:
    return {
        "task": name,
        "title": kind.title,
        "about": kind.about,
        "metric": kind.metric,
        "presets": {preset: chosen.help for preset, chosen in kind.presets.items()},
    }


def _broken_as_data(kind: str, problems: Mapping[str, str]) -> list[dict[str, str]]:
    return [{kind: name, "title": "", "unreadable": sentence} for name, sentence in problems.items()]


def cells(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="A cell to look at closely; with --check also a file's path.",
            autocompletion=completion.cell_names,
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Check that the cell keeps the contract: shapes, lengths, gradients, bf16.")
    ] = False,
    input_size: Annotated[
        int | None, typer.Option("--input", metavar="N", min=1, help="Features of each step; else the task's.")
    ] = None,
    hidden: Annotated[int | None, typer.Option("--hidden", metavar="N", help="Hidden size; else the task's.")] = None,
    layers: Annotated[int | None, typer.Option("--layers", metavar="N", help="Cells stacked; else the task's.")] = None,
    bidirectional: Annotated[bool | None, typer.Option("--bidirectional", help="Read both ways.")] = None,
    set_: Set = None,
    task: Annotated[
        str, typer.Option("--task", help="Print the network for this task.", autocompletion=completion.task_names)
    ] = "names",
    preset: Annotated[
        str,
        typer.Option(
            "--preset", metavar="NAME", help="A named set of settings of the task.", autocompletion=completion.presets
        ),
    ] = "",
    folder: Data = None,
    json: Json = False,
) -> None:
    """List the cells; with NAME: its equations, its source, its options, its parameters, the network around it."""
    if name is None:
        if check:
            raise spec.SpecError("--check needs a cell: `workbench cells NAME --check`, or the path of its file.")
        _list_cells(json=json)
    elif check and set_:
        raise spec.SpecError("--check looks at the cell with its options' defaults: leave --set out.")
    elif check:
        _check_cell(name, json=json)
    elif name.endswith(".py"):
        raise spec.SpecError(f"{name} is a file: add --check, or name its folder in WORKBENCH_CELLS and the cell here.")
    else:
        flags = {"cell.hidden": hidden, "cell.layers": layers, "cell.bidirectional": bidirectional}
        values = {key: value for key, value in flags.items() if value is not None} | assignments(set_)
        _show_cell(spec.make(task, name, values, preset=preset), data_folder(folder), input_size, json=json)


def _list_cells(*, json: bool) -> None:
    from workbench.render import console

    groups = cell_files.in_groups(cell_files.available())
    broken = cell_files.unreadable()
    if json:
        described = [_cell_as_data(cell) for members in groups.values() for cell in members]
        print_json([*described, *_broken_as_data("cell", broken)])
        return
    widest = max(len(cell) for members in groups.values() for cell in members)
    for group, members in groups.items():
        print(_capitalised(cell_files.GROUPS[group]))
        every = [(cell, cell_files.about(cell)) for cell in members]
        console.facts(
            (f"  {cell:{widest}}", f"{about.year or '':>4}", f"{about.title}. {_sentence(about.purpose)}".rstrip(". "))
            for cell, about in every
        )
    if broken:
        console.facts(broken.items())


def _sentence(purpose: str) -> str:
    """Return a line on what a cell is for as a sentence; empty: it is not told."""
    return f"{_capitalised(purpose).removesuffix('.')}." if purpose else ""


def _capitalised(words: str) -> str:
    return words[:1].upper() + words[1:]


def _cell_as_data(cell: str) -> dict[str, object]:
    """Return what is told of a cell without importing it; a year or a purpose that is not told is ``None``."""
    about = cell_files.about(cell)
    return {
        "cell": cell,
        "title": about.title,
        "group": about.group,
        "year": about.year or None,
        "purpose": about.purpose or None,
    }


def _show_cell(described: spec.RunSpec, folder: Path | None, input_size: int | None, *, json: bool) -> None:
    """Print a cell, and the network around it that ``described`` trains.

    Args:
        folder: the data folder that the user named.
        input_size: of the cell alone; none: as in the network.
    """
    name, task, size = described.cell, described.task, described.options
    about, struct = cell_files.about(name), cell_files.options(name)
    own = describe("cell", struct) if struct else []
    if not json:  # before torch is imported, which takes seconds
        year = f" ({about.year})" if about.year else ""
        _print_cell(f"{name}{year}: {about.title}\n{_sentence(about.purpose)}\n\n{about.text}\n", own)

    from workbench.engine import network
    from workbench.inference.network_summary import find_task

    found, note = find_task(described, folder)
    whole = network.build(described, found)
    input_size = input_size or network.input_size(whole)
    recurrent = network.build_recurrent(described, input_size)
    shapes = {key: list(tensor.shape) for key, tensor in recurrent.to_torch().items()}
    count = network.parameter_count(recurrent)
    if json:
        options = {field.key: {"default": field.default, "bounds": field.bounds, "help": field.help} for field in own}
        print_json(
            {
                **_cell_as_data(name),
                "text": about.text,
                "options": options,
                "parameters": count,
                "shapes": shapes,
                "network": str(whole),
                "network_parameters": network.parameter_count(whole),
                "note": note,
            }
        )
        return
    print(f"Parameters with input {input_size}, hidden {size.hidden}, layers {size.layers}: {count:,}")
    for key, shape in shapes.items():
        print(f"  {key:22} {' × '.join(map(str, shape))}")
    preset = f" --preset {described.preset}" if described.preset else ""
    facts = ", ".join(filter(None, [f"{network.parameter_count(whole):,} parameters", note]))
    print(f"\nThe network for {task}{preset} ({facts}):\n{whole}")


def _print_cell(text: str, options: Sequence[Field]) -> None:
    """Print a cell's equations, source and options."""
    print(text)
    if options:
        print("Options (--set KEY=VALUE):")
        for field in options:
            print("  " + "  ".join(filter(None, [f"{field.key} = {field.default}", field.bounds, field.help])))
        print()
    sys.stdout.flush()


def _check_cell(name: str, *, json: bool) -> None:
    """Print a line for each check of the contract, and exit with 1 where one fails."""
    from cells import _check

    results: list[_check.Result] = []
    try:
        results += _check.results(_class_of(name))
    except cell_files.CellError as error:
        results.append(_check.Result("readable", "FAIL", str(error)))
    if json:
        checks = [{"check": one.check, "outcome": one.outcome, "why": one.why} for one in results]
        print_json({"cell": name, "checks": checks})
    else:
        for one in results:
            print(f"{one.outcome:8}  {one.check}{f': {one.why}' if one.why else ''}")
    if any(one.outcome == "FAIL" for one in results):
        raise typer.Exit(1)


def _class_of(name: str) -> type[AnyCell]:
    """Return the class of a cell by its name or its file's path.

    Raises:
        SpecError: there is neither.
        CellError: it cannot be read.
    """
    if name.endswith(".py"):
        if not Path(name).is_file():
            raise spec.SpecError(f"There is no file {name}.")
        return cell_files.load_file(Path(name))
    try:
        return cell_files.load(name)
    except KeyError:
        raise spec.SpecError(f"There is no cell {name!r}{did_you_mean(name, cell_files.available())}") from None


def doctor(folder: Data = None, json: Json = False) -> None:
    """Say what this machine and this terminal can do."""
    from workbench.cli.doctor import examine
    from workbench.render import console

    findings = examine(data_folder(folder))
    if json:
        print_json([{"what": what, "found": found, "warning": warning} for what, found, warning in findings])
        return
    console.facts(findings)
