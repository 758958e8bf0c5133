"""Runs of a folder whose networks can write, for the screen's list."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from workbench.runs import store, writers
from workbench.runs.summary import RunSummary, read_summary
from workbench.tui.services.catalogue import Catalogue
from workbench.tui.widgets.status import live

NO_MODEL = """No network here can write yet.

Press 1 (or F2) for the Lab, choose poems there and start:
it can write after its first evaluation, and goes on learning.
In another terminal: workbench train poems --cell lstm"""


class WritingModels(NamedTuple):
    """Summaries of the runs that write."""

    ready: list[RunSummary]  # the newest first, then the pretrained ones
    learning: list[RunSummary]  # in training, before their first evaluation


class ModelFolder:
    """A folder of runs, scanned for networks that write; one in training counts with its best weights so far."""

    def __init__(self, folder: Path) -> None:
        self._catalogue = Catalogue(folder)
        self._runs_folder = folder
        self._pretrained: list[RunSummary] | None = None

    def scan(self) -> WritingModels:
        """Scan the folder.

        Raises:
            OSError: the folder cannot be read.
        """
        if self._pretrained is None:
            self._pretrained = [read_summary(run) for run in store.pretrained(self._runs_folder)]
        rows = [*self._catalogue.scan(), *self._pretrained]
        ready = [row for row in rows if writers.can_write(row.run)]
        learning = [row for row in rows if row not in ready and live(row.status) and writers.learns_to_write(row.run)]
        return WritingModels(ready, learning)
