"""Summaries of all runs of a folder; a run is read again only where its files changed."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

from workbench.config import spec
from workbench.config.spec import RunSpec, SpecError
from workbench.runs.monitor import RunMonitor
from workbench.runs.summary import RunSummary

_ENDED_EVERY = 2  # scans of the folder for one of the runs that have ended


class Catalogue:
    """Monitors of the runs of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._monitors: dict[str, RunMonitor] = {}
        self._scans = 0
        self._one_scan = threading.Lock()

    def scan(self) -> list[RunSummary]:
        """Return the present summaries, the newest run first; a run whose files have not changed is not read again.

        Raises:
            OSError: the folder cannot be read.
        """
        with self._one_scan:
            names: list[str] = []
            with suppress(FileNotFoundError), os.scandir(self.folder) as entries:
                names = [entry.name for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
            monitors = {name: self._monitors.get(name) or RunMonitor(self.folder / name) for name in names}
            self._scans += 1
            for monitor in monitors.values():
                if not monitor.ended or self._scans % _ENDED_EVERY == 0:
                    monitor.look()
            self._monitors = {name: monitor for name, monitor in monitors.items() if monitor.summary}
            every = sorted(self._monitors.values(), key=lambda monitor: monitor.order, reverse=True)
            return [monitor.summary for monitor in every if monitor.summary]


def changed(described: RunSpec) -> dict[str, object]:
    """Return the settings that differ from the task's defaults; none where the run's cell is missing."""
    try:
        return spec.changed(described)
    except SpecError:
        return {}
