"""All runs of a folder, looked at again only where something changed."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from workbench import records, spec
from workbench.glance import Glance
from workbench.records import Record
from workbench.runs import LIVE, Run
from workbench.spec import RunSpec, SpecError

_SELDOM = 2  # looks at the folder for one at the runs that have ended
_Stat = tuple[int, int, int] | None


class Keeper:
    """One run's record, kept up to date."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files = [path / name for name in ("spec.json", "events.jsonl", "lock")]
        self._mark: tuple[object, ...] = ()
        self.record: Record | None = None
        self._glance: Glance | None = None

    def look(self) -> Record | None:
        """The record as it stands now; ``None`` where there is no such run any more."""
        described, events, lock = map(_stat, self._files)
        if described is None:
            return None
        known = self.record if self._mark[:1] == (described,) else None
        run = known.run if known else Run(self._path)
        mark: tuple[object, ...] = (described, events, lock)
        if known and known.status in LIVE:  # a run that has ended says by its lock that it goes on
            mark += (run.alive(), run.stop_file.exists())
        if not known or mark != self._mark:
            self._mark, self.record = mark, self._read(run)
        return self.record

    @property
    def ended(self) -> bool:
        return self.record is not None and self.record.status not in LIVE

    def _read(self, run: Run) -> Record:
        self._glance = self._glance or Glance(run.events_file)
        try:
            record = records.make(run, self._glance.look())
        except OSError as error:
            record = records.unreadable(run, error)
        if record.status not in LIVE:
            self._glance = None
        return record


class Catalogue:
    """The runs of a folder, the newest first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._keepers: dict[str, Keeper] = {}
        self._looks = 0
        self._one_at_a_time = threading.Lock()

    def scan(self) -> list[Record]:
        """The records as they stand now; a run whose files have not changed is not read again.

        Raises:
            OSError: the folder cannot be read.
        """
        with self._one_at_a_time:
            names: list[str] = []
            with suppress(FileNotFoundError), os.scandir(self.folder) as entries:
                names = [entry.name for entry in entries if not entry.name.startswith(".")]
            known = {name: self._keepers.get(name) or Keeper(self.folder / name) for name in names}
            self._looks += 1
            rest = self._looks % _SELDOM == 0  # runs that have ended are looked at more seldom
            found = {
                name: record
                for name, keeper in known.items()
                if (record := keeper.look() if rest or not keeper.ended else keeper.record)
            }
            self._keepers = {name: known[name] for name in found}
            return sorted(found.values(), key=lambda record: (record.run.created, record.run.id), reverse=True)


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
