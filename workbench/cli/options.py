"""Options that several commands share, and their values."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from tasks.shared.datasets.named import named_folder
from workbench.cli import completion
from workbench.config.environment import ASCII
from workbench.config.options import DEVICE_PATTERN
from workbench.config.spec import SpecError
from workbench.executors import clusters
from workbench.executors.clusters import LOCAL, Named
from workbench.render import output
from workbench.render.text import readable
from workbench.runs import store
from workbench.runs.folder import holds
from workbench.runs.locations import root
from workbench.runs.run import Run
from workbench.runs.store import NoSuchRun


def _set_ascii(wanted: bool) -> None:
    """Set the environment variable that the screen reads."""
    if wanted:
        os.environ[ASCII] = "1"


def _readable_device(name: str) -> str:
    """Refuse a device that no machine has.

    Raises:
        SpecError: it is none of the names.
    """
    if name and not re.fullmatch(DEVICE_PATTERN, name):
        raise SpecError(f"--device: there is no device {name!r}: use auto, cpu, cuda or cuda:1.")
    return name


Runs = Annotated[
    Path | None, typer.Option("--runs", metavar="DIR", help="Where runs are kept (WORKBENCH_RUNS, else ./checkpoints).")
]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Folder of datasets (WORKBENCH_DATA, else downloaded).")
]
Ascii = Annotated[
    bool,
    typer.Option(
        "--ascii", callback=_set_ascii, help="Draw lines, charts and marks in ASCII only (WORKBENCH_ASCII=1)."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Headless = Annotated[bool, typer.Option("--headless", help="Print progress here instead of opening the screen.")]
ReadOnly = Annotated[
    bool, typer.Option("--readonly", help="Show only: the screen starts, stops, deletes and writes nothing.")
]
RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run's id, the beginning of one, `last`, its name, or its folder.",
        autocompletion=completion.runs,
    ),
]
Device = Annotated[
    str,
    typer.Option(
        "--device",
        metavar="DEVICE",
        help="auto, cpu, cuda or cuda:1; else where the run was trained, if that device is here.",
        callback=_readable_device,
        autocompletion=completion.devices,
    ),
]
On = Annotated[
    str,
    typer.Option(
        "--on",
        metavar="CLUSTER",
        help="Where to train: local, or a cluster's name; `workbench clusters list` shows them.",
        autocompletion=completion.clusters,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Any setting, e.g. train.schedule=cosine; may be repeated.",
        autocompletion=completion.settings,
    ),
]


def cluster(name: str) -> Named | None:
    """Return the cluster that was named; ``None`` for this machine.

    Raises:
        ClusterError: there is no such cluster, or a file that describes clusters is wrong.
    """
    return None if name == LOCAL else clusters.find(name)


def find(name: str, folder: Path | None) -> Run:
    """Return the run that the user named.

    Raises:
        NoSuchRun: the name fits no run, or several.
    """
    return store.find(name, root(folder))


def find_all(names: Sequence[str], folder: Path | None) -> list[Run]:
    """Return the runs that the user named, each once; a study's name is that of its runs that have begun.

    Raises:
        NoSuchRun: a name fits no run, or several.
    """
    from workbench.studies import store as studies

    known = {study.id: study for study in studies.listing(root(folder))}
    found: list[Run] = []
    for name in names:
        if name in known and not holds(root(folder) / name):
            begun = [member.run for member in known[name].members() if member.summary]
            found += begun
            if not begun:
                raise NoSuchRun(f"Study {name} has no run yet: `workbench study run {name}` trains them.")
        else:
            found.append(find(name, folder))
    return list({run.path: run for run in found}.values())


def data_folder(option: Path | None) -> Path | None:
    """Return the data folder that the user named, if any.

    Raises:
        SpecError: its name is not UTF-8.
    """
    folder = named_folder(option)
    return folder and Path(_utf8("--data", str(folder)))


def _utf8(flag: str, given: str) -> str:
    """Refuse a text that a run's description cannot hold.

    Raises:
        SpecError: it is not UTF-8.
    """
    if readable(given) != given:
        raise SpecError(
            f"{flag} {given}: this name is not UTF-8, and a run's description cannot hold it: rename it, or link to it."
        )
    return given


def assignments(pairs: list[str] | None, flag: str = "--set") -> dict[str, str]:
    """Return ``KEY=VALUE`` texts as a mapping.

    Args:
        flag: the option that gave them, as an error names it.

    Raises:
        SpecError: a text has no ``=``, or is not UTF-8.
    """
    for pair in pairs or []:
        _utf8(flag, pair)
        key, sign, _ = pair.partition("=")
        if not (key.strip() and sign):
            raise SpecError(f"{flag} {pair} has no {'value' if key.strip() else 'key'}: write {flag} KEY=VALUE.")
    return dict((part.strip() for part in pair.split("=", 1)) for pair in pairs or [])  # type: ignore[misc]


def acting(*commands: str) -> Callable[[typer.Context], None]:
    """Make the callback of a group of commands, of which some do what ``--readonly`` refuses."""

    def callback(context: typer.Context) -> None:
        if context.invoked_subcommand in commands:
            output.do_without_stdout()
            refuse_readonly(context, f"{context.info_name} {context.invoked_subcommand}")

    return callback


def refuse_readonly(context: typer.Context, command: str) -> None:
    """Refuse a command that acts where ``--readonly`` was given before it.

    Raises:
        SpecError: it was.
    """
    if context.find_root().params.get("readonly"):
        raise SpecError(f"--readonly only shows: `workbench {command}` without it acts.")


def on_terminal() -> bool:
    """True if stdin and stdout are a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def need_terminal() -> None:
    """Refuse to open the screen without a terminal.

    Raises:
        SpecError: stdin or stdout is no terminal.
    """
    if not on_terminal():
        raise SpecError("This is not a terminal: `workbench train … --headless` or `--detach` works without one.")
