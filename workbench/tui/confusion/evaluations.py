"""Evaluations of a run that have a confusion matrix, and other runs to compare it with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tasks.base import Settings
from tasks.views import Confusion, View
from workbench.config.spec import RunSpec
from workbench.render.format import age
from workbench.render.metrics import presentation
from workbench.render.text import printable
from workbench.runs import store
from workbench.runs.events import Finished
from workbench.runs.folder import RunError
from workbench.runs.history import History, LatestEvents
from workbench.runs.run import Run
from workbench.runs.summary import RunSummary, summarize
from workbench.tui.services.catalogue import changed
from workbench.tui.widgets.matrix import same_rows


class EvaluationPoint(NamedTuple):
    """Evaluation with a confusion matrix: of the validation rows while training, or of the test rows at the end."""

    name: str  # "evaluation 3 of 20, step 600"
    short: str  # "evaluation 3"
    step: int
    best: bool  # of the best weights
    tested: bool = False  # of the test rows


class ShownMatrix(NamedTuple):
    """Confusion matrix and its evaluation."""

    point: EvaluationPoint
    view: Confusion

    def is_of(self, point: EvaluationPoint) -> bool:
        """Return whether the matrix is of this evaluation; the number of all evaluations may have changed."""
        return (self.point.step, self.point.tested) == (point.step, point.tested)


class Reference(NamedTuple):
    """Matrix that another one is compared with."""

    name: str
    view: Confusion
    other_rows: bool  # of other examples than the shown matrix: only shares compare


class OtherRun(NamedTuple):
    """Another run of the same task with the same labels."""

    run: Run
    label: str  # its name, else its id
    description: str  # state, best figure, age, settings
    matrices: dict[bool, tuple[str, Confusion]]  # of its test (True) and of its last evaluation, each with a name

    def reference_for(self, shown: ShownMatrix) -> Reference:
        """Return the matrix to compare with: of the test for a test, else of the last evaluation, if there is one."""
        tested = shown.point.tested if shown.point.tested in self.matrices else not shown.point.tested
        name, view = self.matrices[tested]
        return make_reference(shown, f"{self.label} ({name})", view, tested=tested)


def make_reference(shown: ShownMatrix, name: str, view: Confusion, *, tested: bool) -> Reference:
    """Return a matrix as the reference of the shown one."""
    return Reference(name, view, other_rows=tested != shown.point.tested or not same_rows(shown.view, view))


def evaluation_points(history: History, settings: Settings) -> list[EvaluationPoint]:
    """Return a run's evaluations in their order, the test last; the settings name the metric that picks the weights."""
    evals = history.evals if history.evals and matrix_of(history.evals[-1].views) else []
    points = []
    for number, event in enumerate(evals, 1):
        name = f"evaluation {number} of {len(evals)}, step {event.step:,}"
        best = event.step == evals[-1].best.step
        points.append(EvaluationPoint(name, f"evaluation {number}", event.step, best=best))
    if isinstance(history.ended, Finished) and matrix_of(history.ended.views):
        step = history.ended.best.step
        by = presentation(history.ended.best.metric, settings).heading
        name = f"test, with the best weights (step {step:,}, by {by})"
        points.append(EvaluationPoint(name, "test", step, best=True, tested=True))
    return points


def matrix_in_history(history: History, point: EvaluationPoint) -> Confusion | None:
    """Return an evaluation's matrix; ``None`` where the history no longer holds its views."""
    if point.tested:
        return matrix_of(history.ended.views) if isinstance(history.ended, Finished) else None
    return next((matrix_of(event.views) for event in reversed(history.evals) if event.step == point.step), None)


def matrix_of(views: Sequence[View]) -> Confusion | None:
    """Return the first confusion matrix among views."""
    return next((view for view in views if isinstance(view, Confusion)), None)


def other_runs(folder: Path, run: Run, labels: Sequence[str]) -> list[OtherRun]:
    """Return the other runs of a folder that have a matrix with these labels, the newest first.

    Raises:
        OSError: the folder cannot be read.
    """
    others = []
    for other in store.listing(folder):
        if other.path == run.path:
            continue
        try:
            if other.spec.task != run.spec.task:
                continue
            recent = LatestEvents(other.events_file, keep_views=True).read()
        except (RunError, OSError):
            continue
        matrices = _matrices(recent, other.spec.settings)
        if matrices and all(view.labels == [*labels] for _, view in matrices.values()):
            summary = summarize(other, recent)
            others.append(OtherRun(other, printable(summary.label), _description(summary, other.spec), matrices))
    return others


def _matrices(recent: History, settings: Settings) -> dict[bool, tuple[str, Confusion]]:
    return {
        point.tested: ("test" if point.tested else f"step {point.step:,}", view)
        for point in evaluation_points(recent, settings)
        if (view := matrix_in_history(recent, point))
    }


def _description(summary: RunSummary, described: RunSpec) -> str:
    parts: list[str] = [summary.status]
    if summary.best:
        parts.append(f"best {summary.standing}")
    settings = ", ".join(f"{key} {value}" for key, value in changed(described).items()) or "the task's defaults"
    return f"{', '.join(parts)}, age {age(summary.run.created)}; {settings}"
