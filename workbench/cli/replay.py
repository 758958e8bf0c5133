"""Command ``replay``: the Run screen fed from a run's events again."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.options import Ascii, ReadOnly, RunName, Runs, find, need_terminal
from workbench.config.spec import SpecError


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: workbench replay last --speed 50")(replay)


def replay(
    context: typer.Context,
    run: RunName,
    speed: Annotated[
        float, typer.Option("--speed", metavar="X", min=0.01, max=10_000, help="Times as fast as the run was.")
    ] = 20.0,
    readonly: ReadOnly = False,
    ascii_only: Ascii = False,
    runs_folder: Runs = None,
) -> None:
    """Show a run on the screen as it was, at any speed: paused, stepped forward and back.

    Pauses of more than ten seconds are shortened, those between a run's lives left out.
    """
    chosen = find(run, runs_folder)
    chosen.spec  # noqa: B018  an unreadable description is an error before the screen opens
    from workbench.runs.history import LatestEvents

    if LatestEvents(chosen.events_file).read().empty:
        raise SpecError(f"Run {chosen.id} has no events yet: there is nothing to replay.")
    need_terminal()
    from workbench import tui

    readonly = readonly or bool(context.find_root().params.get("readonly"))
    raise typer.Exit(tui.open_screen(chosen.path.parent, None, chosen, readonly=readonly, replay=speed))
