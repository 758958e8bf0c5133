"""The runs of a folder whose networks can write."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import tasks
from workbench.runs import store
from workbench.runs.summary import RunSummary, read_summary
from workbench.tui.services.catalogue import Catalogue
from workbench.tui.widgets.status import live

NONE = """No network here can write yet.

Press 1 (or F2) for the Lab, choose poems there and start:
it can write after its first evaluation, and goes on learning.
In another terminal: workbench train poems --cell lstm"""


class Shelf(NamedTuple):
    """What one look at the folder found."""

    writers: list[RunSummary]  # the newest first, then the pretrained ones
    learning: list[RunSummary]  # in training, before their first evaluation


class Writers:
    """Looks for networks that write; one that is training counts with its best so far."""

    def __init__(self, folder: Path) -> None:
        self._own = Catalogue(folder)
        self._came = [read_summary(run) for run in store.pretrained(folder)]

    def look(self) -> Shelf:
        """Raises: OSError: the folder cannot be read."""
        rows = [row for row in (*self._own.scan(), *self._came) if _writes(row)]
        ready = [row for row in rows if row.run.best_file.exists()]
        return Shelf(ready, [row for row in rows if row not in ready and live(row.status)])


def _writes(row: RunSummary) -> bool:
    return row.status != "unreadable" and tasks.settings(row.task).writes
