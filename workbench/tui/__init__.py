"""Textual screens: they read run folders, and send start and stop. No torch."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from workbench.runs.run import Run

_GC_THRESHOLDS = (50_000, 20, 20)  # collecting takes a sixth of the time to the first paint, and finds nothing


def open_screen(
    runs_folder: Path,
    data: Path | None = None,
    open_run: Run | None = None,
    *,
    readonly: bool = False,
    replay: float = 0.0,
) -> int:
    """Open the application, on ``open_run`` where one is given; return its exit code when the user leaves.

    Args:
        readonly: nothing is started, stopped, deleted or written, from here to the end of the process.
        replay: speed at which that run's events come again; 0: it is shown as it stands.
    """
    gc.set_threshold(*_GC_THRESHOLDS)
    if (
        sys.stdout.isatty() and not sys.stderr.isatty()
    ):  # Textual draws there: `workbench 2>log` would draw into the log
        sys.__stderr__ = sys.__stdout__  # type: ignore[misc]
    from workbench.tui.app import WorkbenchApp

    if readonly:
        from workbench.tui.readonly import forbid_writing

        forbid_writing()
    app = WorkbenchApp(runs_folder, data, open_run, readonly=readonly, replay=replay)
    app.run()
    return app.return_code or 0
