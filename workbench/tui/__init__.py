"""The laboratory on the screen: a reader of run folders, and a sender of start and stop. No torch."""

from __future__ import annotations

from pathlib import Path

from workbench.runs import Run


def run(runs_folder: Path, data: Path | None = None, open_run: Run | None = None) -> None:
    """Open the screen, on ``open_run`` where one is given, and come back when the person leaves."""
    from workbench.tui.app import WorkbenchApp

    WorkbenchApp(runs_folder, data, open_run).run()
