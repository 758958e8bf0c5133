"""Run summaries made by hand, without a run's folder."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from workbench.config import spec
from workbench.runs.events import Best
from workbench.runs.run import Run
from workbench.runs.summary import RunSummary


def record(
    name: str = "names-lstm-1",
    task: str = "names",
    cell: str = "lstm",
    status: Any = "finished",
    accuracy: float | None = 0.8,
    age: float = 60.0,
    settings: dict[str, Any] | None = None,
    **more: Any,
) -> RunSummary:
    run = Run(Path("/nowhere") / name)
    run.created = time.time() - age
    described = {"val": {} if accuracy is None else {"accuracy": accuracy, "loss": 0.5}, "test": {}, "step": 40} | more
    best = None if accuracy is None else Best(step=40, metric="accuracy", value=accuracy)
    message = described.pop("message", f"{task} with {cell}")
    return RunSummary(run, status, message, spec=spec.make(task, cell, settings), best=best, **described)


def unreadable(name: str = "broken") -> RunSummary:
    return RunSummary(Run(Path("/nowhere") / name), "unreadable", "spec.json is damaged [red].", {}, {})
