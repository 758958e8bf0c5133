"""Pictures of runs, drawn by the command line in a process of its own: matplotlib is never imported by the screen."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from workbench.runs.folder import RunError
from workbench.runs.run import Run

_SECONDS = 120.0  # in which a picture is drawn, on a machine that is very busy too
_NONE = "No picture was drawn"


def draw(runs: Sequence[Run], kind: str, *options: str) -> str:
    """Write a picture of runs to a new file in the current folder, and return its path.

    Args:
        kind, options: as ``workbench plot`` takes them.

    Raises:
        RunError: it could not be drawn or written.
    """
    words = ["plot", *(str(run.path) for run in runs), "--what", kind, *options]
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "workbench.cli", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RunError(f"{_NONE}: it took more than {_SECONDS:.0f} seconds.") from None
    except OSError as error:
        raise RunError(f"{_NONE}: {error.strerror}.") from None
    if done.returncode:
        told = done.stderr.strip().splitlines()
        raise RunError(told[-1].removeprefix("workbench: ") if told else f"{_NONE}.")
    return done.stdout.strip()
