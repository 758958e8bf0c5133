"""Reports of studies, written by the command line in a process of its own."""

from __future__ import annotations

from pathlib import Path

from workbench.studies.study import Study
from workbench.tui.services.commands import run_command

_SECONDS = 1800.0  # in which a report is written; its networks may write texts first


def write(study: Study) -> Path:
    """Write a study's report to a new HTML file in the current folder, and return its path.

    Raises:
        RunError: it could not be written.
    """
    runs_folder = study.path.parent.parent
    words = ["report", "--runs", str(runs_folder), "--", study.id]
    return Path(run_command(words, _SECONDS, "No report was written")).absolute()
