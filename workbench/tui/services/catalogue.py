"""All runs of a folder, looked at again only where something changed."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from workbench.config import spec
from workbench.config.spec import RunSpec, SpecError
from workbench.runs.history import LatestEvents
from workbench.runs.store import Run
from workbench.runs.summary import RunSummary, summarize, unreadable_summary

_ENDED = ("finished", "stopped", "failed")  # a lost run may be another machine's, and write on
_SELDOM = 2  # looks at the folder for one at the runs that have ended
_Stat = tuple[int, int, int] | None


class Keeper:
    """One run's record, kept up to date."""

    def __init__(self, path: Path) -> None:
        self._run = Run(path)
        self._latest = LatestEvents(self._run.events_file)
        self._signs: tuple[object, ...] = ()  # what changes when the run does
        self.record: RunSummary | None = None
        self.order: tuple[float, str] = (0.0, "")  # the newest is the greatest

    @property
    def ended(self) -> bool:
        """Nothing will change, unless a worker takes the lock again."""
        return self.record is not None and self.record.status in _ENDED

    def look(self) -> RunSummary | None:
        """The record as it stands now; ``None`` where there is no such run."""
        run = self._run
        signs: tuple[object, ...] = (_stat(run.lock_file),)
        if not self.ended:
            signs += (_stat(run.spec_file), _stat(run.events_file), run.alive(), run.stop_file.exists())
            if signs[1] is None:
                return None
        if signs == self._signs:
            return self.record
        if self._signs and signs[1:2] != self._signs[1:2]:
            self._run = Run(run.path)  # what was read of the description no longer holds
        self.record = self._read()
        if self.ended and self._latest.history.ended is None:  # its last words may have come after the look at them
            self.record = self._read()
        self.order = (self._run.created, self._run.id)
        self._signs = signs[:1] if self.ended else signs
        return self.record

    def _read(self) -> RunSummary:
        try:
            return summarize(self._run, self._latest.read())
        except OSError as error:
            return unreadable_summary(self._run, error)


class Catalogue:
    """The runs of a folder, the newest first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._keepers: dict[str, Keeper] = {}
        self._looks = 0
        self._one_at_a_time = threading.Lock()

    def scan(self) -> list[RunSummary]:
        """The records as they stand now; a run whose files have not changed is not read again.

        Raises:
            OSError: the folder cannot be read.
        """
        with self._one_at_a_time:
            names: list[str] = []
            with suppress(FileNotFoundError), os.scandir(self.folder) as entries:
                names = [entry.name for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
            known = {name: self._keepers.get(name) or Keeper(self.folder / name) for name in names}
            self._looks += 1
            for keeper in known.values():
                if not keeper.ended or self._looks % _SELDOM == 0:  # runs that have ended are looked at more seldom
                    keeper.look()
            self._keepers = {name: keeper for name, keeper in known.items() if keeper.record}
            every = sorted(self._keepers.values(), key=lambda keeper: keeper.order, reverse=True)
            return [keeper.record for keeper in every if keeper.record]


def changed(described: RunSpec) -> dict[str, Any]:
    """The settings that differ from the task's defaults; none where its cell is no longer here to ask."""
    try:
        return spec.changed(described)
    except SpecError:
        return {}


def _stat(file: Path) -> _Stat:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
