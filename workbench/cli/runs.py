"""Commands on the run store: ``runs``, ``show``, ``watch``, ``stop``, ``rm``."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Annotated

import typer

from workbench.cli.options import Ascii, Headless, Json, ReadOnly, RunName, Runs, find, on_terminal
from workbench.config.spec import SpecError
from workbench.executors import jobs
from workbench.render.format import age
from workbench.render.streams import narrate, print_json
from workbench.render.text import printable
from workbench.runs import filters, metadata, store
from workbench.runs.filters import FilterError
from workbench.runs.folder import NotOpened, RunError
from workbench.runs.history import read_history
from workbench.runs.job_words import state_words
from workbench.runs.locations import root
from workbench.runs.run import LIVE
from workbench.runs.store import NoSuchRun
from workbench.runs.summary import UNREADABLE, facts, read_summary

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")]
Once = Annotated[bool, typer.Option("--once", help="Print one frame of the screen and end.")]
Filtered = Annotated[
    str,
    typer.Option("--filter", metavar="WORDS", help="Only runs that match, e.g. 'task:names acc>0.8 -status:failed'."),
]
_STOP_SECONDS = 60
_LONGEST = 60  # characters of a name in the list


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
    every = jobs.up_to_date([read_summary(run) for run in store.listing(root(runs_folder))])
    try:
        condition = filters.parse(filter, {name for summary in every for name in summary.val})
    except FilterError as error:
        raise SpecError(str(error)) from None
    matching = [summary for summary in every if condition.matches(summary)]
    if json:
        print_json([facts(summary) for summary in matching])
        return
    if not matching:
        none = f"No runs in {root(runs_folder)} yet: `workbench train names --cell lstm` starts one."
        narrate(f"No run matches --filter {filter!r} ({len(every)} in all)." if every else none)
        return
    from rich.text import Text

    from workbench.cli.results import branched_from
    from workbench.render import console
    from workbench.render.status import STATUS_COLORS

    named = any(summary.metadata.label for summary in matching)
    branched = any(summary.parent for summary in matching)
    on_clusters = any(summary.job and summary.status in LIVE for summary in matching)
    rows: list[list[str | Text]] = []
    for summary in matching:
        starter = " (starter)" * bool(summary.spec and summary.spec.data == "starter")
        rows.append(
            [
                summary.run.id,
                Text(state_words(summary.status, summary.job), STATUS_COLORS[summary.status].ansi),
                summary.task + starter,
                summary.cell,
                f"{summary.step:,}",
                summary.standing,
                summary.tested,
                age(summary.run.created),
                *([summary.job.place if summary.job and summary.status in LIVE else ""] if on_clusters else []),
                *([branched_from(summary.parent)] if branched else []),
                *([printable(summary.metadata.label, _LONGEST)] if named else []),
            ]
        )
    extra = [*(["job"] * on_clusters), *(["branch of"] * branched), *(["name"] * named)]
    heads = ("run", "status", "task", "cell", "step", "best val", "test", "age", *extra)
    console.listing(heads, rows, spare=(*reversed(extra), "age", "step", "test", "best val"))
    for summary in matching:
        if summary.status == UNREADABLE:
            narrate(summary.message)


def show(run: RunName, runs_folder: Runs = None, json: Json = False) -> None:
    """Show a run: its settings, its status, and its metrics beside the baselines'."""
    from workbench.cli import results
    from workbench.render.console import wide_console

    chosen = find(run, runs_folder)
    jobs.refresh_soon([chosen] if chosen.job else [])
    history = read_history(chosen.events_file)
    status = chosen.status(history)
    if json:
        print_json(
            {
                **results.to_json(chosen, status, history),
                **metadata.facts(metadata.read(chosen)),
                **results.family_to_json(chosen),
                "spec": chosen.spec,
                "network": chosen.network(),
                "last": history.steps[-1] if history.steps else None,
            }
        )
    else:
        results.print_summary(chosen, status, history, wide_console())


def watch(
    context: typer.Context,
    run: RunName,
    headless: Headless = False,
    once: Once = False,
    readonly: ReadOnly = False,
    ascii_only: Ascii = False,
    runs_folder: Runs = None,
    json: Json = False,
) -> None:
    """Watch a run on the screen, or in lines where there is no terminal. Leaving does not stop it."""
    chosen = find(run, runs_folder)
    chosen.spec  # noqa: B018  an unreadable description is an error before the screen opens
    if once and (headless or json):
        raise SpecError("--once prints one frame of the screen: leave --headless and --json out.")
    if once:
        from workbench.tui.frame import put as put_frame

        put_frame(chosen)
    elif headless or json or not on_terminal():
        from workbench.cli.follow import follow
        from workbench.cli.stop_signals import StopSignals

        with StopSignals() as signals:
            code = follow(chosen, signals, json=json)
        raise typer.Exit(code)
    else:
        from workbench import tui

        readonly = readonly or bool(context.find_root().params.get("readonly"))  # `workbench --readonly watch RUN`
        raise typer.Exit(tui.open_screen(chosen.path.parent, None, chosen, readonly=readonly))


def stop(run: RunName, runs_folder: Runs = None, json: Json = False) -> None:
    """Stop a run after its present step, with a checkpoint, and wait until it has ended."""
    chosen = find(run, runs_folder)
    jobs.refresh([chosen])
    jobs.request_stop(chosen)
    deadline = time.monotonic() + _STOP_SECONDS
    while (status := chosen.status()) in LIVE and time.monotonic() < deadline:
        jobs.refresh([chosen])
        if status == "queued":  # its job saved a checkpoint for its time limit just before, and was requeued
            jobs.request_stop(chosen)
        time.sleep(0.1)
    if json:
        print_json({"run": chosen.id, "status": status})
    elif status in LIVE:
        narrate(f"Run {chosen.id} was asked to stop and has not ended yet: it does so after its present step.")
    else:
        narrate(f"Run {chosen.id} is {status}: `workbench resume {chosen.command_name}` goes on with it.")


def rm(run: RunName, yes: Yes = False, runs_folder: Runs = None, json: Json = False) -> None:
    """Delete a run with all its checkpoints."""
    chosen = find(run, runs_folder)
    jobs.refresh([chosen])
    with suppress(NotOpened):
        if (status := chosen.status()) in LIVE:
            what = "waits for a cluster" if status == "queued" else "is running"
            raise RunError(f"Run {chosen.id} {what}: stop it first with `workbench stop {chosen.command_name}`.")
    if not yes:
        if chosen.path.is_symlink():
            question = f"Remove run {chosen.id}, which is a link to {chosen.path.readlink()} (its files stay there)?"
        else:
            size = sum(file.lstat().st_size for file in chosen.path.rglob("*") if not file.is_dir())
            question = f"Delete run {chosen.id} with its weights and figures ({size / 1e6:.1f} MB)?"
        typer.confirm(question, abort=True, err=True)
    place = store.remove(chosen)
    if json:
        print_json({"run": chosen.id, "deleted": True, **({"files_stay_in": place} if place else {})})
    elif place:
        narrate(f"Run {chosen.id} was a link: the link is removed, the files in {place} stay.")
    else:
        narrate(f"Run {chosen.id} is deleted.")
