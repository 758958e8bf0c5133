"""Time of a second start, from torch's import to its first step, task by task.

    python bench/second_start.py --data DIR

A first start of each task, not counted, reads, encodes and caches. Then each is started afresh ``--times`` times, the
tasks in turn; the medians are shown.
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

if not sys.flags.safe_path:
    sys.path.append(sys.path.pop(0))  # this file's folder last: ``cells`` and ``climate`` are packages too

from machine import ended_by_signals, tell_load

import tasks
from workbench.config import spec
from workbench.runs import store
from workbench.runs.run import Run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", default=tasks.available())
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(start(given.one)))
        return
    ended_by_signals()
    tell_load()
    for task in given.tasks:
        once(given.data, task)
    measured = [[once(given.data, task) for task in given.tasks] for _ in range(given.times)]
    print("| task | first step begins | ends |\n| --- | --- | --- |")
    for task, times in zip(given.tasks, zip(*measured, strict=True), strict=True):
        figures = " | ".join(f"{statistics.median(seconds):.2f}" for seconds in zip(*times, strict=True))
        print(f"| `{task}` | {figures} |")


def once(data: Path, task: str) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        run = store.create(Path(folder), spec.make(task, "lstm", {}, data="full", data_dir=str(data / task)))
        child = [sys.executable, "-P", __file__, "--data", str(data), "--one", str(run.path)]
        return json.loads(subprocess.run(child, capture_output=True, text=True, check=True).stdout)  # type: ignore[no-any-return]


def start(folder: Path) -> tuple[float, float]:
    """Seconds from torch's import to the first step and to its end."""
    importlib.import_module("torch")
    began = time.perf_counter()
    from workbench.engine.state import TrainingState
    from workbench.engine.trainer import Trainer

    trainer = Trainer(Run(folder), TrainingState())
    trainer.begin_epoch()
    batch = trainer.batches()[0]
    reached = time.perf_counter() - began
    trainer.step(batch)
    return reached, time.perf_counter() - began


if __name__ == "__main__":
    main()
