"""Commands on the run store: ``runs``, ``show``, ``watch``, ``stop``, ``rm``."""

from __future__ import annotations

import time
from typing import Annotated, Any

import msgspec
import typer

from workbench import journal, runs
from workbench.cli.options import Ascii, Json, RunName, Runs, find, put, say
from workbench.metrics import standing
from workbench.runs import LIVE, NoSuchRun, Run, RunError
from workbench.words import age

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")]
_STOP_SECONDS = 60


def register(app: typer.Typer) -> None:
    app.command("runs", epilog="Example: workbench runs --json")(listing)
    app.command(epilog="Example: workbench show last")(show)
    app.command(epilog="Example: workbench watch last")(watch)
    app.command(epilog="Example: workbench stop last")(stop)
    app.command(epilog="Example: workbench rm names-lstm-20260102-101500 --yes")(rm)


def listing(runs_folder: Runs = None, json: Json = False) -> None:
    """List the runs, the newest first."""
    if runs_folder and not runs_folder.is_dir():
        raise NoSuchRun(f"{runs_folder} is not a folder: name the one that holds the runs.")
    found = runs.listing(runs.root(runs_folder))
    if json:
        put([_facts(run)[0] for run in found])
        return
    if not found:
        say(f"No runs in {runs.root(runs_folder)} yet: `workbench train names --cell lstm` starts one.")
        return
    from rich.text import Text

    from workbench.cli import tables
    from workbench.cli.show import COLOURS

    narrow = tables.wide_console().width < 100  # the id names task and cell already
    rows = []
    for run in found:
        facts, best = _facts(run)
        rows.append(
            [
                run.id,
                Text(facts["status"], COLOURS.get(facts["status"], "red")),
                *([] if narrow else [facts["task"] + " (starter)" * (facts["data"] == "starter"), facts["cell"]]),
                f"{facts['step']:,}",
                best,
                age(run.created),
            ]
        )
    tables.listing(("run", "status", *(() if narrow else ("task", "cell")), "step", "best", "age"), rows)


def _facts(run: Run) -> tuple[dict[str, Any], str]:
    """A run in a list, and its best evaluation in words; one with an unreadable description is listed, not hidden."""
    try:
        described = run.spec
    except RunError as error:
        unreadable = {"task": "?", "cell": "?", "data": "", "step": 0, "best": None, "message": str(error)}
        return {"run": run.id, "status": "unreadable", **unreadable}, "–"
    recent = journal.recent(run.events_file)
    best = getattr(recent.ended, "best", None) or (recent.evals[-1].best if recent.evals else None)
    facts = {
        "run": run.id,
        "status": run.status(recent),
        "task": described.task,
        "cell": described.cell,
        "data": described.data,
        "step": recent.step,
        "best": msgspec.to_builtins(best),
    }
    return facts, standing(best, recent.evals, described.settings.metric) if best else "–"


def show(run: RunName, runs_folder: Runs = None, json: Json = False) -> None:
    """Show a run: what it is, where it stands, its figures beside the naive methods'."""
    from workbench.cli.show import result, summary
    from workbench.cli.tables import wide_console

    found = find(run, runs_folder)
    history = journal.read(found.events_file)
    status = found.status(history)
    if json:
        put(
            {**result(found, status, history), "spec": found.spec, "last": history.steps[-1] if history.steps else None}
        )
    else:
        summary(found, status, history, wide_console())


def watch(run: RunName, runs_folder: Runs = None, json: Json = False, ascii_only: Ascii = False) -> None:
    """Watch a run until it ends; Ctrl-C leaves it running."""
    from workbench.cli.follow import follow

    raise typer.Exit(follow(find(run, runs_folder), json=json))


def stop(run: RunName, runs_folder: Runs = None, json: Json = False) -> None:
    """Ask a run to save a checkpoint and end; waits until it has."""
    found = find(run, runs_folder)
    found.request_stop()
    deadline = time.monotonic() + _STOP_SECONDS
    while (status := found.status()) in LIVE and time.monotonic() < deadline:
        time.sleep(0.1)
    if json:
        put({"run": found.id, "status": status})
    elif status in LIVE:
        say(f"Run {found.id} was asked to stop and has not ended yet: it does so after its present step.")
    else:
        say(f"Run {found.id} is {status}: `workbench resume {found.spoken}` goes on with it.")


def rm(run: RunName, yes: Yes = False, runs_folder: Runs = None, json: Json = False) -> None:
    """Delete a run with all its checkpoints."""
    found = find(run, runs_folder)
    if found.alive():
        raise RunError(f"Run {found.id} is running: stop it first with `workbench stop {found.spoken}`.")
    if not yes:
        size = sum(file.stat().st_size for file in found.path.rglob("*") if file.is_file())
        typer.confirm(
            f"Delete run {found.id} with its weights and figures ({size / 1e6:.1f} MB)?", abort=True, err=True
        )
    runs.remove(found)
    if json:
        put({"run": found.id, "deleted": True})
    else:
        say(f"Run {found.id} is deleted.")
