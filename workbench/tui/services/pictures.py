"""Pictures of runs, drawn by the command line in a process of its own: matplotlib is never imported by the screen."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.runs.run import Run
from workbench.tui.services.commands import run_command

_SECONDS = 120.0  # in which a picture is drawn, on a machine that is very busy too


def draw(runs: Sequence[Run], kind: str, *options: str) -> str:
    """Write a picture of runs to a new file in the current folder, and return its path.

    Args:
        kind, options: as ``workbench plot`` takes them.

    Raises:
        RunError: it could not be drawn or written.
    """
    words = ["plot", *(str(run.path) for run in runs), "--what", kind, *options]
    return run_command(words, _SECONDS, "No picture was drawn")
