"""The runs that this screen started or showed: what leaving must ask about."""

from __future__ import annotations

from pathlib import Path
from subprocess import Popen

from workbench.runs.store import Run


class OwnedRuns:
    """Remembers runs, and waits for the processes that were started here, so that none stays a zombie."""

    def __init__(self) -> None:
        self._known: dict[Path, Run] = {}
        self._processes: list[Popen[bytes]] = []

    def add(self, run: Run, process: Popen[bytes] | None = None) -> None:
        self._known[run.path] = run
        if process is not None:
            self._processes.append(process)

    def live(self) -> list[Run]:
        """Those that are training now."""
        self._processes = [process for process in self._processes if process.poll() is None]
        return [run for run in self._known.values() if run.alive()]
