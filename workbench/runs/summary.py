"""A run as a line of a list: the same facts on the screen, in print, in a filter and in an exported file. No torch."""

from __future__ import annotations

import time
from typing import Any, Literal, NamedTuple

from workbench.config import spec
from workbench.config.spec import RunSpec
from workbench.render import metrics
from workbench.render.metrics import heading, measured
from workbench.runs.events import Best, Failed, Finished, Metrics, Stopped
from workbench.runs.journal import History
from workbench.runs.latest import Glance
from workbench.runs.store import Run, RunError, Status

UNREADABLE: Literal["unreadable"] = "unreadable"
State = Status | Literal["unreadable"]
UNKNOWN = "?"


class RunSummary(NamedTuple):
    """What is known of a run at a glance. Figures are validation's, of the best evaluation so far."""

    run: Run
    status: State
    message: str  # why it failed or cannot be read; else what it is about
    val: Metrics
    test: Metrics  # of the best weights; none until it is finished
    spec: RunSpec | None = None  # none where it cannot be read
    step: int = 0
    total: int = 0  # steps that it will train in all; 0: not known yet
    epochs: float | None = None
    loss: float | None = None  # in training, lately
    eta_s: float | None = None
    best: Best | None = None
    notes: tuple[str, ...] = ()
    device: str = ""

    @property
    def task(self) -> str:
        return self.spec.task if self.spec else UNKNOWN

    @property
    def cell(self) -> str:
        return self.spec.cell if self.spec else UNKNOWN

    @property
    def metric(self) -> str:
        """The task's main one where the best evaluation has it, else the one by which it is the best."""
        main = self.spec.settings.metric if self.spec else ""
        return main if main in self.val or self.best is None else self.best.metric

    @property
    def figure(self) -> float | None:
        """The best evaluation's figure by ``metric``."""
        if self.metric in self.val:
            return self.val[self.metric]
        return self.best.value if self.best else None

    @property
    def standing(self) -> str:
        """The best evaluation in words."""
        return f"{heading(self.metric)} {measured(self.metric, self.figure)}" if self.best else "–"

    @property
    def progress(self) -> str:
        """``60 / 200``; ``200`` where it is all done; ``–`` before the first step."""
        if not self.step:
            return "–"
        return f"{self.step:,} / {self.total:,}" if self.step < self.total else f"{self.step:,}"


def read(run: Run) -> RunSummary:
    """A run's record as it stands now."""
    try:
        return make(run, Glance(run.events_file).look())
    except OSError as error:
        return unreadable(run, error)


def make(run: Run, history: History) -> RunSummary:
    """The record of a run whose last events are known; one that cannot be read is described as that."""
    try:
        described, status = run.spec, run.status(history)
    except (RunError, OSError) as error:
        return unreadable(run, error)
    ended, started = history.ended, history.started
    best = ended.best if isinstance(ended, Finished) else history.evals[-1].best if history.evals else None
    reached = [*(event.epoch for event in history.steps[-1:]), *(event.epoch for event in history.evals[-1:])]
    return RunSummary(
        run,
        status,
        _message(described, status, history),
        val=next((e.metrics for e in reversed(history.evals) if best and e.step == best.step), {}),
        test=ended.test if isinstance(ended, Finished) else {},
        spec=described,
        step=history.step,
        total=started.total_steps if started else 0,
        epochs=ended.epochs if isinstance(ended, Finished | Stopped) else max(reached, default=None),
        loss=history.steps[-1].loss if history.steps else None,
        eta_s=history.steps[-1].eta_s if history.steps and status == "running" else None,
        best=best,
        notes=(*filter(None, [started.protocol]), *started.notes) if started else (),
        device=started.device if started else "",
    )


def unreadable(run: Run, error: Exception) -> RunSummary:
    """A run that is listed with the reason why no more is known of it."""
    reason = f"{error.filename} cannot be read: {error.strerror}." if isinstance(error, OSError) else str(error)
    return RunSummary(run, UNREADABLE, reason, {}, {})


def higher_is_better(record: RunSummary, metric: str) -> bool | None:
    """Which way a metric is good for a run; ``None`` where nobody knows."""
    if record.spec and metric == record.spec.settings.metric:
        return bool(record.spec.settings.higher_is_better)
    return metrics.higher_is_better(metric)


def facts(record: RunSummary) -> dict[str, Any]:
    """A record as plain data: what ``workbench runs --json`` prints and an export holds."""
    described = record.spec
    told = {
        "run": record.run.id,
        "status": record.status,
        "task": record.task,
        "cell": record.cell,
        "preset": described.preset if described else "",
        "data": described.data if described else "",
        "created": time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(record.run.created)),
        "step": record.step,
        "steps": record.total,
        "epochs": record.epochs,
        "best": record.best,
        "val": record.val,
        "test": record.test or None,
        "settings": settings(described) if described else {},
    }
    return told | ({"message": record.message} if record.status in (UNREADABLE, "failed", "lost") else {})


def settings(described: RunSpec) -> dict[str, Any]:
    """Every setting of a run by its dotted key."""
    return {key: spec.value(described, key) for key in spec.keys(described)}


def _message(described: RunSpec, status: Status, history: History) -> str:
    if isinstance(history.ended, Failed) and status == "failed":
        return history.ended.message
    if status == "lost":
        return "The worker vanished before it could say why. Resume goes on from the last checkpoint."
    about = f"{described.settings.title} with {described.cell}"
    return about + ", on the small starter data" * (described.data == "starter")
