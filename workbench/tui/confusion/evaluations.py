"""The evaluations of a run that can be stepped through, and other runs to compare with: what has a confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tasks.views import Confusion, View
from workbench.render.format import age
from workbench.runs import store
from workbench.runs.events import Finished
from workbench.runs.history import History, LatestEvents
from workbench.runs.store import Run, RunError
from workbench.runs.summary import summarize
from workbench.tui.services.catalogue import changed
from workbench.tui.widgets.matrix import same_rows


class Stop(NamedTuple):
    """An evaluation with a confusion matrix."""

    name: str  # "evaluation 3 of 20, step 600"
    short: str  # "evaluation 3"
    step: int
    best: bool  # of the weights that were kept as the best ones
    tested: bool = False  # on the test rows, once the training was done; else on the validation rows


class Shown(NamedTuple):
    """A confusion matrix, and of which evaluation it is."""

    stop: Stop
    view: Confusion

    def of(self, stop: Stop) -> bool:
        """Whether it is this evaluation's; how many there are in all may have changed."""
        return (self.stop.step, self.stop.tested) == (stop.step, stop.tested)


class Than(NamedTuple):
    """What a matrix is compared with."""

    name: str
    view: Confusion
    others: bool  # it is of other rows


class Rival(NamedTuple):
    """Another run with the same labels."""

    run: Run
    about: str  # state, best figure, age
    matrices: dict[bool, tuple[str, Confusion]]  # of its test (True) and of its last evaluation, each with a name

    def beside(self, shown: Shown) -> Than:
        """What to compare with: the test beside a test, else the last validation that there is."""
        tested = shown.stop.tested if shown.stop.tested in self.matrices else not shown.stop.tested
        name, view = self.matrices[tested]
        return against(shown, f"{self.run.id} ({name})", view, tested=tested)


def against(shown: Shown, name: str, view: Confusion, *, tested: bool) -> Than:
    """Another matrix, to compare the one that is shown with."""
    return Than(name, view, others=tested != shown.stop.tested or not same_rows(shown.view, view))


def stops(history: History) -> list[Stop]:
    """A run's evaluations in their order, the test last."""
    evals = history.evals if history.evals and matrix_of(history.evals[-1].views) else []
    found = []
    for number, event in enumerate(evals, 1):
        name = f"evaluation {number} of {len(evals)}, step {event.step:,}"
        best = event.step == evals[-1].best.step
        found.append(Stop(name, f"evaluation {number}", event.step, best=best))
    if isinstance(history.ended, Finished) and matrix_of(history.ended.views):
        step = history.ended.best.step
        found.append(Stop(f"test, with the best weights (step {step:,})", "test", step, best=True, tested=True))
    return found


def kept(history: History, stop: Stop) -> Confusion | None:
    """An evaluation's matrix, where the history holds it still."""
    if stop.tested:
        return matrix_of(history.ended.views) if isinstance(history.ended, Finished) else None
    return next((matrix_of(event.views) for event in reversed(history.evals) if event.step == stop.step), None)


def matrix_of(views: Sequence[View]) -> Confusion | None:
    return next((view for view in views if isinstance(view, Confusion)), None)


def rivals(folder: Path, run: Run, labels: Sequence[str]) -> list[Rival]:
    """The other runs of a folder whose matrix has these labels, the newest first.

    Raises:
        OSError: the folder cannot be read.
    """
    found = []
    for other in store.listing(folder):
        if other.path == run.path:
            continue
        try:
            if other.spec.task != run.spec.task:
                continue
            recent = LatestEvents(other.events_file, keep_views=True).read()
        except (RunError, OSError):
            continue
        known = _matrices(recent)
        if known and all(view.labels == [*labels] for _, view in known.values()):
            found.append(Rival(other, _about(other, recent), known))
    return found


def _matrices(recent: History) -> dict[bool, tuple[str, Confusion]]:
    return {
        stop.tested: ("test" if stop.tested else f"step {stop.step:,}", view)
        for stop in stops(recent)
        if (view := kept(recent, stop))
    }


def _about(run: Run, recent: History) -> str:
    record = summarize(run, recent)
    parts: list[str] = [record.status]
    if record.best:
        parts.append(f"best {record.standing}")
    settings = ", ".join(f"{key} {value}" for key, value in changed(run.spec).items()) or "the task's defaults"
    return f"{', '.join(parts)}, age {age(run.created)}; {settings}"
