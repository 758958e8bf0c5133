"""The evaluations of a run that can be stepped through, and other runs to compare with: what has a confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tasks.views import Confusion, View
from workbench import journal, records, runs
from workbench.events import Finished
from workbench.journal import History
from workbench.runs import Run, RunError
from workbench.tui.catalogue import changed
from workbench.words import age


class Stop(NamedTuple):
    """A confusion matrix, and of what it is."""

    name: str  # "evaluation 3 of 20, step 600"
    short: str  # "evaluation 3"
    step: int
    view: Confusion
    best: bool  # of the weights that were kept as the best ones
    tested: bool = False  # on the test rows, once the training was done; else on the validation rows


class Rival(NamedTuple):
    """Another run with the same labels."""

    run: Run
    about: str  # state, best figure, age
    stops: list[Stop]

    def beside(self, shown: Stop) -> tuple[str, Confusion]:
        """What to compare with, and its name: the test beside a test, else the last validation that there is."""
        alike = [stop for stop in self.stops if stop.tested == shown.tested] or self.stops
        return f"{self.run.id} ({'test' if alike[-1].tested else f'step {alike[-1].step:,}'})", alike[-1].view


def stops(history: History) -> list[Stop]:
    """A run's evaluations in their order, the test last."""
    shown = [(event, matrix_of(event.views)) for event in history.evals]
    views = [(event, view) for event, view in shown if view is not None]
    best = history.evals[-1].best.step if history.evals else -1
    found = []
    for number, (event, view) in enumerate(views, 1):
        name = f"evaluation {number} of {len(views)}, step {event.step:,}"
        found.append(Stop(name, f"evaluation {number}", event.step, view, best=event.step == best))
    if isinstance(history.ended, Finished) and (tested := matrix_of(history.ended.views)):
        step = history.ended.best.step
        found.append(Stop(f"test, with the best weights (step {step:,})", "test", step, tested, best=True, tested=True))
    return found


def matrix_of(views: Sequence[View]) -> Confusion | None:
    return next((view for view in views if isinstance(view, Confusion)), None)


def rivals(folder: Path, run: Run, labels: Sequence[str]) -> list[Rival]:
    """The other runs of a folder whose matrix has these labels, the newest first.

    Raises:
        OSError: the folder cannot be read.
    """
    found = []
    for other in runs.listing(folder):
        if other.path == run.path:
            continue
        try:
            if other.spec.task != run.spec.task:
                continue
            recent = journal.recent(other.events_file)
        except (RunError, OSError):
            continue
        known = stops(recent)
        if known and known[-1].view.labels == [*labels]:
            found.append(Rival(other, _about(other, recent), known))
    return found


def _about(run: Run, recent: History) -> str:
    record = records.make(run, recent)
    parts: list[str] = [record.status]
    if record.best:
        parts.append(f"best {record.standing}")
    settings = ", ".join(f"{key} {value}" for key, value in changed(run.spec).items()) or "the task's defaults"
    return f"{', '.join(parts)}, age {age(run.created)}; {settings}"
