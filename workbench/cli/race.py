"""Command ``race``: cells trained in turns in one process, side by side."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from workbench.cli import completion
from workbench.cli.options import Data, Json, Set, assignments
from workbench.config.spec import RunSpec, SpecError
from workbench.render.streams import json_text, narrate, print_json

if TYPE_CHECKING:
    from workbench.races.events import Event
    from workbench.races.standings import Race

_REDRAW_SECONDS = 0.25
_TOLD = 10  # lines where there is no terminal


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: workbench race names --cells lstm,torch-lstm --steps 300")(race)


def race(
    task: Annotated[
        str,
        typer.Argument(metavar="TASK", help="The task to train.", autocompletion=completion.task_names),
    ],
    cells: Annotated[
        str,
        typer.Option(
            "--cells",
            metavar="CELL,CELL…",
            help="The cells; speeds are told as multiples of the first's.",
            autocompletion=completion.cell_names,
        ),
    ],
    by: Annotated[str, typer.Option("--by", help="steps or time: what each cell may spend.")] = "",
    steps: Annotated[
        int | None, typer.Option("--steps", metavar="N", help="Steps of each cell (without it 300).")
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", metavar="S", help="Seconds of each cell's own steps (without it 30)."),
    ] = None,
    set_: Set = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Also write all numbers to a .json file.")
    ] = None,
    events: Annotated[bool, typer.Option("--events", help="Print each event as a line of JSON, as it comes.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Race cells: trained in turns in one process, on the same batches.

    Twins such as lstm and torch-lstm start from the same weights: their losses must stay the same. Other cells each
    start from the same seed. Speeds are measured on one thread by CPU time, with train.threads=N and on a GPU by wall
    time. No run is made: the table, --json and --save hold all that comes of it. Ctrl-C ends the race with the table
    so far.
    """
    from workbench.cli.datasets import with_data
    from workbench.races import budget as budgets
    from workbench.races.events import RaceError
    from workbench.races.standings import Race
    from workbench.runs import export

    if json and events:
        raise SpecError("--json prints one object at the end and --events each event as it comes: choose one.")
    budget = budgets.budget(by, steps, seconds)
    specs = budgets.described(task, cells, assignments(set_))
    _check_file(save)
    source = with_data(specs[0], data, progress=not (json or events))
    specs = [msgspec.structs.replace(one, data=source.data, data_dir=source.data_dir) for one in specs]
    state = Race()
    _run(state, specs, budget, events=events)
    if save is not None:
        export.replace(save, msgspec.json.format(json_text(state.facts()), indent=2) + "\n")
    if json:
        print_json(state.facts())
    elif not events:
        _print(state, specs[0])
    if failed := [one.out for one in state.cells.values() if one.out]:
        raise RaceError(" ".join(failed))


def _run(state: Race, specs: list[RunSpec], budget: object, *, events: bool) -> None:
    """Run the race to its end, and show it meanwhile; a signal ends it."""
    from workbench.cli.stop_signals import StopSignals
    from workbench.interruption import Interrupted

    with StopSignals() as signals:
        from workbench.engine.race import race as start

        coming = start(specs, budget, lambda: bool(signals.take()))  # type: ignore[arg-type]
        try:
            if events:
                _print_events(coming, state)
            elif sys.stderr.isatty():
                _show_live(coming, state)
            else:
                _tell(coming, state)
        except Interrupted:
            raise typer.Exit(130) from None


def _print_events(coming: Iterable[Event], state: Race) -> None:
    for event in coming:
        state.add(event)
        print_json(event)


def _show_live(coming: Iterable[Event], state: Race) -> None:
    """Show curves, badge and bars on the terminal; they are drawn between two blocks, so that no cell's clock runs."""
    from rich.live import Live

    from workbench.races.events import Begun, Ended
    from workbench.render.console import error_console
    from workbench.render.race_view import RaceView
    from workbench.render.terminal_gone import end_with_terminal

    end_with_terminal([sys.stderr.fileno()])
    drawn = 0.0
    with Live(RaceView(state), console=error_console(), auto_refresh=False, vertical_overflow="crop") as live:
        live.refresh()
        for event in coming:
            state.add(event)
            if isinstance(event, Begun):
                live.console.print("\n".join(_beginning(state)), markup=False)
            if time.monotonic() - drawn >= _REDRAW_SECONDS or isinstance(event, Ended):
                drawn = time.monotonic()
                live.refresh()


def _tell(coming: Iterable[Event], state: Race) -> None:
    """Tell the race's state in a line, ten times in all."""
    from workbench.races.events import Begun, Turn
    from workbench.render.race_view import progress_line

    told = 0
    for event in coming:
        state.add(event)
        if isinstance(event, Begun):
            for line in _beginning(state):
                narrate(line)
        elif isinstance(event, Turn) and (part := int(state.share * _TOLD + 1e-9)) > told:
            told = part
            narrate(progress_line(state, list(state.cells)))


def _beginning(state: Race) -> list[str]:
    from workbench.races.standings import start_words

    begun = state.begun
    assert begun is not None
    starter = " of starter data" if begun.starter else ""
    return [
        f"Racing {', '.join(state.cells)} on {begun.task}, {begun.budget}: {begun.device} ({begun.precision}), "
        f"{begun.train_size:,} examples{starter}, batches of {begun.batch_size}, seed {begun.seed}.",
        *start_words(begun.contenders, begun.seed),
        *begun.notes,
    ]


def _print(state: Race, described: RunSpec) -> None:
    from workbench.render import console
    from workbench.render.race_view import end_lines, table

    console.listing(*table(state, described.settings))
    for line in end_lines(state):
        narrate(line)
    if state.ended and state.ended.reason == "stopped on request":
        narrate("The race was stopped before its end: the table holds what was raced.")


def _check_file(path: Path | None) -> None:
    """Refuse a file that cannot be written, before a race is run for it.

    Raises:
        SpecError: its name does not end in .json, or it has no folder.
    """
    if path is None:
        return
    if path.suffix.lower() != ".json":
        raise SpecError(f"--save {path}: the name must end in .json.")
    if not path.absolute().parent.is_dir():
        raise SpecError(f"--save {path}: there is no folder {path.absolute().parent}.")
