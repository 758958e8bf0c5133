"""A worker that only writes: run folders made by hand for the screen's tests."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import Any

from runs import event_makers as make

from tasks.views import Confusion, Table, View
from workbench.config import spec
from workbench.runs import store
from workbench.runs.events import SCHEMA, Baseline, Best, Eval, Failed, Finished, Started, Step, Stopped
from workbench.runs.journal import Journal
from workbench.runs.lock import Lock
from workbench.runs.probes import ProbedCell
from workbench.runs.run import Run

LABELS = ["Arabic", "Chinese", "Czech", "Polish", "Portuguese", "中文名字"]
METHODS = {
    "majority": {"accuracy": 0.47, "macro_f1": 0.04},
    "logistic [red]": {"accuracy": 0.84, "macro_f1": 0.59},
}


def confusion(count: int = 5) -> Confusion:
    return Confusion(
        title="confusion",
        labels=LABELS,
        counts=[[count if i == j else (i + j) % 3 for j in range(len(LABELS))] for i in range(len(LABELS))],
    )


def table() -> Table:
    rows: list[list[Any]] = [[label, 0.5, 0.25, 7] for label in LABELS]
    return Table(title="per class", columns=["label", "precision", "recall", "support"], rows=rows)


class FakeWorker:
    """Writes what a worker writes; holds the lock while it lives."""

    def __init__(
        self, folder: Path, cell: str = "lstm", task: str = "names", run: Run | None = None, **described: Any
    ) -> None:
        self.run: Run = run or store.create(folder, spec.make(task, cell, **described))
        self._lock: Lock | None = self.run.acquire_lock()
        self._journal = Journal(self.run.events_file)
        self.best: Best | None = None
        self._sampled = False

    def sample_training(self) -> FakeWorker:
        """Measure the training sample at each evaluation from now on."""
        self._sampled = True
        return self

    def start(self, total: int = 200, methods: Any = METHODS, **more: Any) -> FakeWorker:
        facts = {
            "schema": SCHEMA,
            "from_step": 0,
            "pid": os.getpid(),
            "host": "here",
            "device": "CPU, 2 threads",
            "precision": "fp32",
            "versions": {"torch": "2"},
            "parameters": 1234,
            "train_size": 100,
            "steps_per_epoch": 20,
            "total_steps": total,
        }
        self.write(Started(time=time.time(), **{**facts, **more}))
        self.write(Baseline(time=time.time(), methods={"val": methods, "test": methods}))
        return self

    def train(self, first: int, last: int, views: list[View] | None = None) -> FakeWorker:
        for step in range(first, last + 1, 10):
            loss = 0.5 + math.exp(-step / 50)
            self.write(
                Step(
                    time=time.time(),
                    step=step,
                    epoch=step / 20,
                    loss=loss,
                    grad_norm=0.5,
                    lr=0.003,
                    examples_per_s=1000.0,
                    eta_s=12.0,
                    memory_mb=300.0,
                )
            )
        self.evaluate(last, views)
        return self

    def evaluate(self, step: int, views: list[View] | None = None, accuracy: float | None = None) -> None:
        accuracy = 0.8 - math.exp(-step / 50) / 2 if accuracy is None else accuracy
        self.best = Best(step=step, metric="accuracy", value=accuracy)
        metrics = {"loss": 0.7, "accuracy": accuracy, "macro_f1": 0.5}
        shown = [confusion(), table()] if views is None else views
        train = {"loss": 0.6, "accuracy": accuracy + 0.05, "macro_f1": 0.55} if self._sampled else {}
        self.write(
            Eval(
                time=time.time(),
                step=step,
                epoch=step / 20,
                metrics=metrics,
                views=shown,
                best=self.best,
                train=train,
                train_s=0.25 * self._sampled,
            )
        )

    def probe(self, step: int, *cells: ProbedCell, length: int = 101) -> FakeWorker:
        """Measure the gradient through time at an evaluation."""
        self.write(make.probe(step, *cells, length=length))
        return self

    def finish(self, step: int = 200, accuracy: float = 0.8765) -> FakeWorker:
        assert self.best is not None
        self.write(
            Finished(
                time=time.time(),
                step=step,
                epochs=step / 20,
                reason="all epochs are done",
                best=self.best,
                test={"loss": 0.65, "accuracy": accuracy, "macro_f1": 0.6},
                views=[confusion(9)],
                wall_s=12.0,
                examples_per_s=1000.0,
            )
        )
        return self.vanish()

    def stop(self, step: int) -> FakeWorker:
        self.write(Stopped(time=time.time(), step=step, epochs=1.0, wall_s=3.0, examples_per_s=900.0))
        return self.vanish()

    def fail(self, step: int, message: str) -> FakeWorker:
        self.write(Failed(time=time.time(), step=step, message=message))
        return self.vanish()

    def vanish(self) -> FakeWorker:
        """The process is gone: the lock falls."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        return self

    def go_on(self, step: int) -> FakeWorker:
        """Another life, from a checkpoint on."""
        self._lock = self.run.acquire_lock()
        return self.start(from_step=step)

    def write(self, event: Any) -> None:
        self._journal.append(event)

    def close(self) -> None:
        self.vanish()
        self._journal.close()
