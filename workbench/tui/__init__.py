"""The laboratory on the screen: a reader of run folders, and a sender of start and stop. No torch."""

from __future__ import annotations

import gc
from pathlib import Path

from workbench.runs.store import Run

_SELDOM = (50_000, 20, 20)  # looking for garbage is a sixth of the way to the first paint, where there is none yet


def run(runs_folder: Path, data: Path | None = None, open_run: Run | None = None, *, readonly: bool = False) -> int:
    """Open the screen, on ``open_run`` where one is given, until the person leaves → the exit code."""
    gc.set_threshold(*_SELDOM)
    from workbench.tui.app import WorkbenchApp

    app = WorkbenchApp(runs_folder, data, open_run, readonly=readonly)
    app.run()
    return app.return_code or 0
