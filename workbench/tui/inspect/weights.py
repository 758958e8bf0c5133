"""A run's weights of one moment, and what can be chosen of both."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from workbench.runs import store
from workbench.runs.checkpoints import BEST, LAST
from workbench.runs.run import Run
from workbench.runs.summary import RunSummary, read_summary
from workbench.tui.services.catalogue import Catalogue


class Weights(NamedTuple):
    """The weights that are inspected.

    Attributes:
        at: ``best``, ``last``, or the step of an evaluation that is kept.
        twin: by the cell's hand-written twin, which computes the same and shows its gates.
    """

    run: Run
    at: str = BEST
    twin: bool = False


class WeightsFolder:
    """A folder of runs, scanned for those whose networks can be inspected; one in training counts."""

    def __init__(self, folder: Path) -> None:
        self._catalogue = Catalogue(folder)
        self._folder = folder

    def scan(self, task: str = "") -> list[RunSummary]:
        """Return the summaries of the runs with weights, the newest first, then the pretrained ones.

        Args:
            task: of these runs alone; empty: of any task.

        Raises:
            OSError: the folder cannot be read.
        """
        rows = [*self._catalogue.scan(), *(read_summary(run) for run in store.pretrained(self._folder))]
        return [row for row in rows if row.run.best_file.exists() and task in ("", row.task)]


def moments(run: Run) -> list[tuple[str, str]]:
    """Return the weights that a run holds, each with a description."""
    found = [(BEST, "the best on validation")] if run.best_file.exists() else []
    found += [(LAST, "of the last checkpoint")] if run.last_file.exists() else []
    return [*found, *((str(step), f"kept at the evaluation at step {step:,}") for step in run.kept_steps)]
