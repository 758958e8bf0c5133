"""Summary of a run: the same facts in lists, in print, in a filter and in an exported file. No torch."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Literal, NamedTuple

from tasks.base import Metrics, Settings
from workbench.config import spec
from workbench.config.spec import Parent, RunSpec
from workbench.render.metrics import with_heading
from workbench.runs import job, metadata
from workbench.runs.events import Best, Failed, Finished, Stopped
from workbench.runs.folder import RunError
from workbench.runs.history import History, LatestEvents
from workbench.runs.job import Job
from workbench.runs.metadata import RunMetadata
from workbench.runs.run import ENDED, Run, Status

UNREADABLE: Literal["unreadable"] = "unreadable"
State = Status | Literal["unreadable"]
UNKNOWN = "?"


class RunSummary(NamedTuple):
    """State and figures of a run; ``val`` holds the validation's of the best evaluation so far."""

    run: Run
    status: State
    message: str  # why it failed or cannot be read; else what it is about
    val: Metrics
    test: Metrics  # of the best weights; none until it is finished
    spec: RunSpec | None = None  # none where it cannot be read
    step: int = 0
    total: int = 0  # steps that it will train in all; 0: not known yet
    epochs: float | None = None
    loss: float | None = None  # of the last training steps
    eta_s: float | None = None
    best: Best | None = None
    notes: tuple[str, ...] = ()
    device: str = ""
    parameters: int | None = None  # of the network; none before it is built
    wall_s: float | None = None  # seconds of training, evaluations included; none before it ends
    reached: bool = False  # it ended at ``train.target``
    job: Job | None = None  # of the cluster that trains or trained it
    metadata: RunMetadata = RunMetadata()

    @property
    def label(self) -> str:
        """Words that tell the run apart from others: ``STUDY: NAME``, its name, else its id."""
        return self.metadata.label or self.run.id

    @property
    def parent(self) -> Parent | None:
        """The run and step that it was branched from, if any."""
        return self.spec.parent if self.spec else None

    @property
    def task(self) -> str:
        return self.spec.task if self.spec else UNKNOWN

    @property
    def cell(self) -> str:
        return self.spec.cell if self.spec else UNKNOWN

    @property
    def metric(self) -> str:
        """The metric that picks the checkpoint: of the best evaluation, or the task's main one before the first."""
        if self.best is not None:
            return self.best.metric
        return self.spec.settings.metric if self.spec else ""

    @property
    def figure(self) -> float | None:
        """Value of ``metric`` at the best evaluation."""
        return self.best.value if self.best else None

    @property
    def standing(self) -> str:
        """The best evaluation on the validation split as text: ``accuracy 0.81``."""
        if self.best is None or self.spec is None:
            return "–"
        return with_heading(self.metric, self.figure, self.spec.settings)

    @property
    def tested(self) -> str:
        """The task's main metric on the test split, as text; ``–`` until it is finished."""
        if self.spec is None or not self.test:
            return "–"
        main = self.spec.settings.metric
        name = main if main in self.test else self.metric
        return with_heading(name, self.test.get(name), self.spec.settings)

    @property
    def progress(self) -> str:
        """``60 / 200``; ``200`` where it is all done; ``–`` before the first step."""
        if not self.step:
            return "–"
        return f"{self.step:,} / {self.total:,}" if self.step < self.total else f"{self.step:,}"


def read_summary(run: Run) -> RunSummary:
    """Summarize a run from its files; one that cannot be read is described as that."""
    try:
        return read_and_summarize(run, LatestEvents(run.events_file).read)[1]
    except (RunError, OSError) as error:
        return unreadable_summary(run, error)


def read_and_summarize(run: Run, read: Callable[[], History]) -> tuple[History, RunSummary]:
    """Read a run's events and summarize it; once more where it ended after they were read.

    Raises:
        RunError, OSError: the events cannot be read.
    """
    history = read()
    found = summarize(run, history)
    if found.status in ENDED and history.ended is None:
        history = read()
        found = summarize(run, history)
    return history, found


def summarize(run: Run, history: History) -> RunSummary:
    """Summarize a run whose latest events are given; one that cannot be read is described as that."""
    try:
        described, status, about, has = run.spec, run.status(history), metadata.read(run), run.job
    except (RunError, OSError) as error:
        return unreadable_summary(run, error)
    ended, started = history.ended, history.started
    best = history.best
    reached = [*(event.epoch for event in history.steps[-1:]), *(event.epoch for event in history.evals[-1:])]
    return RunSummary(
        run,
        status,
        _message(described, status, history, has),
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
        parameters=started.parameters if started else None,
        wall_s=ended.wall_s if isinstance(ended, Finished | Stopped) else None,
        reached=isinstance(ended, Finished) and ended.reached,
        job=has,
        metadata=about,
    )


def unreadable_summary(run: Run, error: Exception) -> RunSummary:
    """Return the summary of a run whose files cannot be read, with the reason."""
    reason = f"{error.filename} cannot be read: {error.strerror}." if isinstance(error, OSError) else str(error)
    return RunSummary(run, UNREADABLE, reason, {}, {})


def higher_is_better(summary: RunSummary, metric: str) -> bool | None:
    """Return a metric's direction as the run's task declares it; ``None`` where it declares none."""
    if summary.spec is None:
        return None
    settings: Settings = summary.spec.settings
    return settings.higher_is_better if metric == settings.metric else settings.describe_metric(metric).higher_is_better


def facts(summary: RunSummary) -> dict[str, object]:
    """Return a summary as plain data, as ``workbench runs --json`` prints it and an export holds it."""
    described = summary.spec
    values = {
        "run": summary.run.id,
        "status": summary.status,
        "task": summary.task,
        "cell": summary.cell,
        "preset": described.preset if described else "",
        "data": described.data if described else "",
        "created": time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(summary.run.created)),
        **metadata.facts(summary.metadata),
        "job": job.facts(summary.job),
        "parent": {"run": summary.parent.run, "step": summary.parent.step} if summary.parent else None,
        "step": summary.step,
        "steps": summary.total,
        "epochs": summary.epochs,
        "best": summary.best,
        "val": summary.val,
        "test": summary.test or None,
        "settings": settings(described) if described else {},
    }
    return values | ({"message": summary.message} if summary.status in (UNREADABLE, "failed", "lost") else {})


def settings(described: RunSpec) -> dict[str, object]:
    """Return every setting of a run by its dotted key."""
    return {key: spec.value(described, key) for key in spec.keys(described)}


def _message(described: RunSpec, status: Status, history: History, has: Job | None) -> str:
    if isinstance(history.ended, Failed) and status == "failed":
        return history.ended.message
    if status == "lost" and has and has.reason:
        return f"{has.reason} Resume goes on from the last checkpoint."
    if status == "lost":
        return "The worker vanished without an error message. Resume goes on from the last checkpoint."
    own_data = described.settings.own_data
    subject = f"{described.task} on {os.path.basename(own_data)}" if own_data else described.settings.title  # noqa: PTH119
    about = f"{subject} with {described.cell}"
    return about + ", on the small starter data" * (described.data == "starter")
