"""Runs whose gradient through time stands beside another run's: the twin, of the same task with another cell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from workbench.render.format import age
from workbench.render.text import printable
from workbench.runs import store
from workbench.runs.evaluations import EvaluationIndex
from workbench.runs.events import Probe
from workbench.runs.run import LIVE, Run
from workbench.runs.summary import read_summary
from workbench.tui.services.unreadable import UNREADABLE

_PLAIN = "rnn"  # the cell without gates, whose forgetting stands beside a memory
_MOST = 40  # runs to choose from


class Twin:
    """Another run, and its newest gradient through time, kept up to date by ``look``."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._index = EvaluationIndex(run.events_file)
        self.probe: Probe | None = None

    @property
    def name(self) -> str:
        """Its cell and its id."""
        return printable(f"{self.run.spec.cell} ({self.run.id})")

    def look(self) -> Probe | None:
        """Read the newest gradient; ``None`` where none was measured, or it cannot be read any more."""
        try:
            self.probe = self._index.newest_probe()
        except UNREADABLE:
            self.probe = None
        return self.probe


def default_twin(folder: Path, run: Run) -> Twin | None:
    """Return the newest run with the cell ``rnn``, or beside one of those the newest with another cell.

    Raises:
        RunError: the folder cannot be read.
    """
    plain = run.spec.cell == _PLAIN
    fitting = (twin for twin in _others(folder, run) if (twin.run.spec.cell == _PLAIN) is not plain)
    return next((twin for twin in fitting if twin.run.status() in (*LIVE, "finished") and twin.look()), None)


def candidates(folder: Path, run: Run) -> list[tuple[Twin, str]]:
    """Return the other runs of the same task that measured their gradient, each with a description, newest first.

    Raises:
        RunError: the folder cannot be read.
    """
    found: list[tuple[Twin, str]] = []
    for twin in _others(folder, run):
        if len(found) < _MOST and twin.look():
            summary = read_summary(twin.run)
            found.append((twin, f"{summary.status}, best {summary.standing}, age {age(twin.run.created)}"))
    return found


def _others(folder: Path, run: Run) -> Iterator[Twin]:
    for other in store.listing(folder):
        try:
            if other.path != run.path and other.spec.task == run.spec.task:
                yield Twin(other)
        except UNREADABLE:
            continue
