"""The questions before something ends: leaving while runs train, stopping one."""

from __future__ import annotations

from workbench.runs.store import Run
from workbench.tui.widgets.question import Answer, Ask

DETACH, STOP, CANCEL = "detach", "stop", "cancel"


def leave(live: list[Run]) -> Ask:
    """What to do with the runs that are training."""
    one = len(live) == 1
    who = f"{live[0].id} is training." if one else f"{len(live)} runs are training."
    again = f"workbench watch {live[0].command_name}" if one else "workbench"
    return Ask(
        f"{who} You are leaving.",
        [
            Answer(DETACH, "Detach", f"Training goes on without this screen. Come back with: {again}"),
            Answer(
                STOP,
                "Stop and keep a checkpoint",
                f"{'It saves' if one else 'Each saves'} a checkpoint and ends; resume goes on from there.",
            ),
            Answer(CANCEL, "Cancel", "Stay here. Nothing changes."),
        ],
    )


def stop(run: Run) -> Ask:
    """Whether a run is really to stop."""
    return Ask(
        f"Stop {run.id}?",
        [
            Answer(STOP, "Stop", "It saves a checkpoint and ends; resume goes on from there."),
            Answer(CANCEL, "Keep training", "Nothing changes."),
        ],
    )
