"""Progress of a training on stderr: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

from itertools import takewhile
from typing import Protocol

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from tasks.base import Settings
from workbench.render.console import error_console
from workbench.render.format import duration, number
from workbench.render.metrics import ordered, with_heading
from workbench.render.streams import narrate
from workbench.runs.events import Alarm, Checkpoint, Eval, Event, Started, Step
from workbench.runs.history import History
from workbench.runs.run import Run

_TESTING = "Testing, and measuring the baselines …"
_METRICS = 3  # on the line of an evaluation


class Display(Protocol):
    """Shows a training's progress on stderr."""

    def __enter__(self) -> object: ...
    def __exit__(self, *_: object) -> None: ...
    def show(self, event: Event, history: History) -> None: ...
    def print_line(self, line: str) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...


class LineDisplay:
    """For pipes and logs: a plain line for each evaluation."""

    def __init__(self, run: Run) -> None:
        self._settings = run.spec.settings

    def __enter__(self) -> LineDisplay:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def pause(self) -> None:
        return

    def resume(self) -> None:
        return

    def print_line(self, line: str) -> None:
        narrate(line)

    def show(self, event: Event, history: History) -> None:
        line = event_line(event, history, self._settings)
        if line:
            self.print_line(line)
        if isinstance(event, Checkpoint) and _trained(event, history):
            narrate(_TESTING)


class BarDisplay:
    """For a terminal: a progress bar, and the evaluations above it."""

    def __init__(self, run: Run) -> None:
        self._settings = run.spec.settings
        self._console = error_console()
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}", markup=False),
            console=self._console,
            refresh_per_second=5,
        )
        self._bar = self._progress.add_task(f"{run.spec.task} {run.spec.cell}", total=None, figures="starting …")

    def __enter__(self) -> BarDisplay:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def pause(self) -> None:
        self._progress.stop()

    def resume(self) -> None:
        self._progress.start()

    def print_line(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)

    def show(self, event: Event, history: History) -> None:
        line = event_line(event, history, self._settings)
        if line:
            self.print_line(line)
        match event:
            case Started():
                self._progress.update(self._bar, total=event.total_steps, completed=event.from_step)
            case Step():
                narrow = self._console.width < 100
                figures = f"epoch {event.epoch:.1f}  loss {number(event.loss)}"
                if not narrow:
                    figures += f"  {event.examples_per_s or 0:,.0f}/s"
                left = _TESTING if _trained(event, history) else f"left {duration(event.eta_s)}"
                self._progress.update(self._bar, completed=event.step, figures=f"{figures}  {left}")


def train_loss(history: History) -> float | None:
    """Return the mean training loss of the steps since the evaluation before the last one."""
    before = history.evals[-2].step if len(history.evals) > 1 else 0
    since = list(takewhile(lambda step: step.step > before, reversed(history.steps)))
    starts = [*(step.step for step in since[1:]), before]
    parts = [(e.loss, e.step - start) for e, start in zip(since, starts, strict=False) if e.loss is not None]
    steps = sum(count for _, count in parts)
    return sum(loss * count for loss, count in parts) / steps if steps else None


def _trained(event: Step | Checkpoint, history: History) -> bool:
    return history.started is not None and event.step >= history.started.total_steps


def event_line(event: Event, history: History, settings: Settings) -> str:
    """Return an event as a line of text, empty for most kinds.

    Args:
        settings: the task's.
    """
    match event:
        case Started():
            again = f" from step {event.from_step}" if event.from_step else ""
            resumed = event.from_step and history.evals  # a branch begins at a step and has none
            notes = "" if resumed else "".join(f"\n{note}" for note in event.notes)
            return (
                f"Training{again} on {event.device} ({event.precision}): {event.parameters:,} parameters, "
                f"{event.train_size:,} examples, {event.total_steps:,} steps.{notes}"
            )
        case Eval():
            train, main = number(train_loss(history)), settings.metric
            if main != "loss" and main in event.train:
                train += f"  {with_heading(main, event.train[main], settings)}"
            shown = ordered(event.metrics, main, _METRICS)
            figures = "  ".join(with_heading(name, event.metrics[name], settings) for name in shown)
            best = "  best" if event.best.step == event.step else ""
            return f"epoch {event.epoch:6.2f}  step {event.step:6}  train {train} | val {figures}{best}"
        case Alarm():
            return f"Alarm at step {event.step:,}: {event.message}"
    return ""
