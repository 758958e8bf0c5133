"""Runs of the toy task, made and trained in this process.

Other folders' tests say ``from engine.toy_runs import …``: pytest puts ``tests/`` on the path, for its conftest.py.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from workbench.config import spec
from workbench.engine.loop import train
from workbench.engine.state import TrainingState
from workbench.runs import store
from workbench.runs.events import Event
from workbench.runs.history import read_history
from workbench.runs.journal import Journal
from workbench.runs.run import Run

KEPT = {*("spec.json", "task.json", "network.txt", "events.jsonl", "lock", "worker.log", "best.safetensors", "last.pt")}
_E = TypeVar("_E")


def toy(folder: Path, values: Mapping[str, Any] | None = None, *, cell: str = "rnn", **task: Any) -> Run:
    """A new run of the toy; ``task`` are the toy's own settings."""
    own = {f"task.{name}": value for name, value in task.items()}
    return store.create(folder, spec.make("toy", cell, {**own, **(values or {})}))


def trained(run: Run, should_stop: Callable[[], bool] = lambda: False, device: str = "") -> list[Event]:
    """Train a run as the worker does, journal included; its events."""
    journal = Journal(run.events_file)
    events = []
    try:
        for event in train(run, should_stop, TrainingState(), device):
            journal.append(event)
            events.append(event)
    finally:
        journal.close()
    return events


def only(kind: type[_E], events: list[Event]) -> list[_E]:
    return [event for event in events if isinstance(event, kind)]


def after(steps: int) -> Callable[[], bool]:
    """A ``should_stop`` that says yes when it is asked for the ``steps``-th time."""
    asked = iter(range(1, 10**9))
    return lambda: next(asked) >= steps


def evaluated(run: Run) -> Callable[[], bool]:
    """A ``should_stop`` that says yes from the run's first evaluation on, however long reading the data took."""
    return lambda: bool(read_history(run.events_file).evals)


def copied(run: Run, folder: Path, name: str = "toy-copy") -> Run:
    shutil.copytree(run.path, folder / name)
    return Run(folder / name)


def contents(run: Run) -> dict[str, bytes]:
    """Content of the run's files, by their names, without the lock and the worker's log."""
    return {file.name: file.read_bytes() for file in run.path.iterdir() if file.name not in ("worker.log", "lock")}


def nothing_lost(run: Run, before: dict[str, bytes]) -> None:
    """Check that saved files are unchanged, events only appended, and no temporary file is left."""
    now = contents(run)
    assert now["events.jsonl"].startswith(before["events.jsonl"])
    assert now.keys() == before.keys() - {"STOP"}
    for name in before.keys() - {"events.jsonl", "STOP"}:
        assert now[name] == before[name], name
