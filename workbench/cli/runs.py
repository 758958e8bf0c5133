"""Commands on the run store: ``runs``, ``show``, ``watch``, ``stop``, ``rm``."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from workbench.cli.options import Ascii, Headless, Json, ReadOnly, RunName, Runs, find, on_terminal
from workbench.config.spec import SpecError
from workbench.render.format import age
from workbench.render.streams import narrate, print_json
from workbench.runs import filters, store
from workbench.runs.filters import FilterError
from workbench.runs.history import read_history
from workbench.runs.store import LIVE, NoSuchRun, RunError
from workbench.runs.summary import facts, read_summary

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")]
Once = Annotated[bool, typer.Option("--once", help="Print one frame of the screen and end.")]
Filtered = Annotated[
    str,
    typer.Option("--filter", metavar="WORDS", help="Only runs that match, e.g. 'task:names acc>0.8 -status:failed'."),
]
_STOP_SECONDS = 60


def register(app: typer.Typer) -> None:
    app.command("runs", epilog="Example: workbench runs --filter 'task:names acc>0.8' --json")(listing)
    app.command(epilog="Example: workbench show last")(show)
    app.command(epilog="Example: workbench watch last")(watch)
    app.command(epilog="Example: workbench stop last")(stop)
    app.command(epilog="Example: workbench rm names-lstm-20260102-101500 --yes")(rm)


def listing(runs_folder: Runs = None, filter: Filtered = "", json: Json = False) -> None:
    """List the runs, the newest first."""
    if runs_folder and not runs_folder.is_dir():
        raise NoSuchRun(f"{runs_folder} is not a folder: name the one that holds the runs.")
    every = [read_summary(run) for run in store.listing(store.root(runs_folder))]
    try:
        wanted = filters.parse(filter, {name for record in every for name in record.val})
    except FilterError as error:
        raise SpecError(str(error)) from None
    found = [record for record in every if wanted.matches(record)]
    if json:
        print_json([facts(record) for record in found])
        return
    if not found:
        none = f"No runs in {store.root(runs_folder)} yet: `workbench train names --cell lstm` starts one."
        narrate(f"No run matches --filter {filter!r} ({len(every)} in all)." if every else none)
        return
    from rich.text import Text

    from workbench.render import console
    from workbench.render.status import STATUS_COLORS

    narrow = console.wide_console().width < 100  # the id names task and cell already
    rows: list[list[str | Text]] = []
    for record in found:
        starter = " (starter)" * bool(record.spec and record.spec.data == "starter")
        rows.append(
            [
                record.run.id,
                Text(record.status, STATUS_COLORS[record.status].ansi),
                *([] if narrow else [record.task + starter, record.cell]),
                f"{record.step:,}",
                record.standing,
                age(record.run.created),
            ]
        )
    console.listing(("run", "status", *(() if narrow else ("task", "cell")), "step", "best", "age"), rows)


def show(run: RunName, runs_folder: Runs = None, json: Json = False) -> None:
    """Show a run: its settings, its status, and its metrics beside the baselines'."""
    from workbench.cli import results
    from workbench.render.console import wide_console

    found = find(run, runs_folder)
    history = read_history(found.events_file)
    status = found.status(history)
    if json:
        print_json(
            {
                **results.to_json(found, status, history),
                "spec": found.spec,
                "last": history.steps[-1] if history.steps else None,
            }
        )
    else:
        results.print_summary(found, status, history, wide_console())


def watch(
    run: RunName,
    headless: Headless = False,
    once: Once = False,
    readonly: ReadOnly = False,
    ascii_only: Ascii = False,
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Watch a run on the screen, or in lines where there is no terminal. Leaving does not stop it."""
    found = find(run, runs_folder)
    found.spec  # noqa: B018  an unreadable description is an error before the screen opens
    if once and (headless or json):
        raise SpecError("--once prints one frame of the screen: leave --headless and --json out.")
    if once:
        from workbench.tui.frame import put as put_frame

        put_frame(found)
    elif headless or json or not on_terminal():
        from workbench.cli.follow import follow

        raise typer.Exit(follow(found, json=json))
    else:
        from workbench import tui

        raise typer.Exit(tui.open_screen(found.path.parent, None, found, readonly=readonly))


def stop(run: RunName, runs_folder: Runs = None, json: Json = False) -> None:
    """Stop a run after its present step, with a checkpoint, and wait until it has ended."""
    found = find(run, runs_folder)
    found.request_stop()
    deadline = time.monotonic() + _STOP_SECONDS
    while (status := found.status()) in LIVE and time.monotonic() < deadline:
        time.sleep(0.1)
    if json:
        print_json({"run": found.id, "status": status})
    elif status in LIVE:
        narrate(f"Run {found.id} was asked to stop and has not ended yet: it does so after its present step.")
    else:
        narrate(f"Run {found.id} is {status}: `workbench resume {found.command_name}` goes on with it.")


def rm(run: RunName, yes: Yes = False, runs_folder: Runs = None, json: Json = False) -> None:
    """Delete a run with all its checkpoints."""
    found = find(run, runs_folder)
    if found.alive():
        raise RunError(f"Run {found.id} is running: stop it first with `workbench stop {found.command_name}`.")
    if not yes:
        size = sum(file.stat().st_size for file in found.path.rglob("*") if file.is_file())
        typer.confirm(
            f"Delete run {found.id} with its weights and figures ({size / 1e6:.1f} MB)?", abort=True, err=True
        )
    store.remove(found)
    if json:
        print_json({"run": found.id, "deleted": True})
    else:
        narrate(f"Run {found.id} is deleted.")
