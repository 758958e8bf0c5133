"""Watching a run from a terminal or a pipe: progress, then the result. Stopping is asked for, never forced."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from types import FrameType
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from tasks.base import Settings
from workbench.cli import results
from workbench.render.console import wide_console
from workbench.render.format import duration, number
from workbench.render.metrics import ordered, with_heading
from workbench.render.streams import put, say
from workbench.runs.events import Alarm, Checkpoint, Eval, Event, Started, Step
from workbench.runs.history import History
from workbench.runs.journal import Tail
from workbench.runs.store import LIVE, Run, Status

_POLL_SECONDS = 0.2
_TESTING = "Testing, and measuring the baselines …"
_METRICS = 3  # on the line of an evaluation


class _Asked(Exception):
    """SIGTERM, or Ctrl-C where nobody can be asked what it means."""


def follow(run: Run, *, json: bool, worker: subprocess.Popen[bytes] | None = None, owner: bool = False) -> int:
    """Show a run until it ends; then its result.

    Args:
        json: the last line of stdout is one object.
        worker: the child that trains, where this process started it.
        owner: Ctrl-C concerns the training (``train``), not only the watching (``watch``).

    Returns:
        the exit code: 0 finished, stopped on request or detached; 1 failed or lost.
    """
    history, tail = History(), Tail(run.events_file)
    terminal = sys.stderr.isatty()
    display: _Display = _Bars(run) if terminal else _Lines(run)
    status: Status = "starting"
    begun = owner or (run.events_file.exists() and run.events_file.stat().st_size > 0)
    heard = run.progress_lines()[1] if begun else 0  # what was told before is old news
    with _signals(ask=terminal and sys.stdin.isatty(), owner=owner), display:
        while True:
            try:
                status = run.status()
                told, heard = run.progress_lines(heard)
                for line in told:
                    display.say(line)
                new, restarted = tail.read()
                if restarted:
                    history.clear()
                for event in new:
                    history.add(event)
                    display.tell(event, history)
                if status not in LIVE:
                    break
                if worker:
                    worker.poll()
                time.sleep(_POLL_SECONDS)
            except KeyboardInterrupt:
                if not owner:
                    return 130
                display.pause()
                choice = _ask()
                if choice != "detach":
                    display.go_on()
                if choice == "stop":
                    _stop(run)
                elif choice == "detach":
                    say(f"Run {run.id} goes on in the background: `workbench watch {run.command_name}` shows it.")
                    if json:
                        put({"run": run.id, "status": run.status()})
                    return 0
            except _Asked:
                if not owner:
                    return 130
                _stop(run)
    if worker and worker.wait() and status != "failed":
        status = "lost"  # it broke off before its first event: what the run says is of an earlier life
    if json:
        put(results.result(run, status, history))
    elif status in ("finished", "stopped"):
        results.ending(run, status, history, wide_console())
    if status in ("finished", "stopped"):
        return 0
    say(f"workbench: {results.why(run, status, history)}")
    return 1


def _stop(run: Run) -> None:
    say("Stopping: the run saves a checkpoint and ends.")
    run.stop_file.touch()


def _ask() -> str:
    print("\nThe training is running. What now?", file=sys.stderr)
    print("  s  stop it and keep a checkpoint", file=sys.stderr)
    print("  d  detach: it goes on in the background", file=sys.stderr)
    print("  c  cancel: keep watching", file=sys.stderr)
    while True:
        print("s, d or c? ", end="", file=sys.stderr, flush=True)
        try:
            answer = sys.stdin.readline()
        except (KeyboardInterrupt, _Asked):
            return "detach"
        if not answer:
            return "detach"
        for choice in ("stop", "detach", "cancel"):
            if answer.strip().lower() in (choice, choice[0]):
                return choice


@contextmanager
def _signals(*, ask: bool, owner: bool) -> Iterator[None]:
    """SIGTERM, and SIGINT where nobody can be asked, stop and keep; the training survives a hang-up by itself."""

    def asked(_: int, __: FrameType | None) -> None:
        raise _Asked

    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, asked)}
    # set even where a parent shell started this in its background, with SIGINT ignored
    interrupt = signal.default_int_handler if ask or not owner else asked
    before[signal.SIGINT] = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        for number_, handler in before.items():
            signal.signal(number_, handler)


class _Display(Protocol):
    """Where progress goes."""

    def __enter__(self) -> Any: ...
    def __exit__(self, *_: object) -> None: ...
    def tell(self, event: Event, history: History) -> None: ...
    def say(self, line: str) -> None: ...
    def pause(self) -> None: ...
    def go_on(self) -> None: ...


class _Lines:
    """For pipes and logs: a plain line an evaluation."""

    def __init__(self, run: Run) -> None:
        self._settings = run.spec.settings

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def pause(self) -> None:
        return

    def go_on(self) -> None:
        return

    def say(self, line: str) -> None:
        say(line)

    def tell(self, event: Event, history: History) -> None:
        line = _line(event, history, self._settings)
        if line:
            self.say(line)
        if isinstance(event, Checkpoint) and _over(event, history):
            say(_TESTING)


class _Bars:
    """For a terminal: a bar, and the evaluations above it."""

    def __init__(self, run: Run) -> None:
        self._settings = run.spec.settings
        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}", markup=False),
            console=self._console,
            refresh_per_second=5,
        )
        self._bar = self._progress.add_task(f"{run.spec.task} {run.spec.cell}", total=None, figures="starting …")

    def __enter__(self) -> _Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def pause(self) -> None:
        self._progress.stop()

    def go_on(self) -> None:
        self._progress.start()

    def say(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)

    def tell(self, event: Event, history: History) -> None:
        line = _line(event, history, self._settings)
        if line:
            self.say(line)
        match event:
            case Started():
                self._progress.update(self._bar, total=event.total_steps, completed=event.from_step)
            case Step():
                narrow = self._console.width < 100
                figures = f"epoch {event.epoch:.1f}  loss {number(event.loss)}"
                if not narrow:
                    figures += f"  {event.examples_per_s or 0:,.0f}/s"
                left = _TESTING if _over(event, history) else f"left {duration(event.eta_s)}"
                self._progress.update(self._bar, completed=event.step, figures=f"{figures}  {left}")


def _train_loss(history: History) -> float | None:
    """The mean training loss of the steps since the evaluation before the last one."""
    before = history.evals[-2].step if len(history.evals) > 1 else 0
    since = list(takewhile(lambda step: step.step > before, reversed(history.steps)))
    starts = [*(step.step for step in since[1:]), before]
    parts = [(e.loss, e.step - start) for e, start in zip(since, starts, strict=False) if e.loss is not None]
    steps = sum(count for _, count in parts)
    return sum(loss * count for loss, count in parts) / steps if steps else None


def _over(event: Step | Checkpoint, history: History) -> bool:
    return history.started is not None and event.step >= history.started.total_steps


def _line(event: Event, history: History, settings: Settings) -> str:
    """Return a line of print about an event; empty for most of them. ``settings``: the task's."""
    match event:
        case Started():
            again = f" from step {event.from_step}" if event.from_step else ""
            notes = "".join(f"\n{note}" for note in event.notes) if not event.from_step else ""
            return (
                f"Training{again} on {event.device} ({event.precision}): {event.parameters:,} parameters, "
                f"{event.train_size:,} examples, {event.total_steps:,} steps.{notes}"
            )
        case Eval():
            loss = number(_train_loss(history))
            shown = ordered(event.metrics, settings.metric, _METRICS)
            figures = "  ".join(with_heading(name, event.metrics[name], settings) for name in shown)
            best = "  best" if event.best.step == event.step else ""
            return f"epoch {event.epoch:6.2f}  step {event.step:6}  train {loss} | val {figures}{best}"
        case Alarm():
            return f"Alarm at step {event.step:,}: {event.message}"
    return ""
