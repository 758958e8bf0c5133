"""CPU time of whole trainings by part: recurrence, embedding, head and loss, optimiser, evaluation, start-up…

    python bench/profile_training.py --data DIR [--tasks names imdb] [--cell lstm] [--steps 200] [--set KEY=VALUE]

Each training runs in a process of its own, on one thread, with a run folder of its own and, for all tasks together, a
cache of its own: the first training of a task (*first*) reads, encodes and measures baselines, the later ones
(*again*) find them kept. A figure is the median of ``--times`` trainings in seconds of processor time, which others'
work on the same cores disturbs little, and its share of the whole.

The parts are told apart by timers around the engine's functions and by hooks: within a step's forward pass what comes
before ``Recurrent`` is the embedding's and what comes after it the head's; in the backward pass the hooks of the
recurrence's output and input tell when the gradient enters it and leaves it. Time in ``import`` statements counts as
*imports* wherever it is spent.
"""

from __future__ import annotations

import argparse
import builtins
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

if not sys.flags.safe_path:
    sys.path.append(sys.path.pop(0))  # this file's folder last: ``cells`` and ``climate`` are packages too

TASKS = ["names", "imdb", "reviews", "climate", "poems"]
PARTS = [
    "imports",
    "data",
    "batches",
    "embedding",
    "recurrence",
    "head and loss",
    "optimiser",
    "evaluation: recurrence",
    "evaluation: other",
    "gradient probe",
    "samples",
    "checkpoints",
    "baselines",
    "rest",
]
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Timer:
    """Processor time by part: a part's own, without that of the parts within it."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self.stack = ["imports"]  # all until now was starting
        self._since = 0.0

    def _charge(self) -> None:
        now = time.process_time()
        self.seconds[self.stack[-1]] += now - self._since
        self._since = now

    def switch(self, part: str) -> None:
        """Charge the time until now; what comes is another part's."""
        self._charge()
        self.stack[-1] = part

    @contextmanager
    def within(self, part: str) -> Iterator[None]:
        self._charge()
        self.stack.append(part)
        try:
            yield
        finally:
            self._charge()
            self.stack.pop()

    def wrap(self, owner: Any, name: str, part: str) -> None:
        """Charge a function's calls to a part."""
        function: Callable[..., Any] = getattr(owner, name)

        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.within(part):
                return function(*args, **kwargs)

        setattr(owner, name, timed)

    def wrap_generator(self, owner: Any, name: str, part: str) -> None:
        """Charge a generator's work to a part; it is run to its end before its first item is taken."""
        function: Callable[..., Any] = getattr(owner, name)

        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.within(part):
                items = [*function(*args, **kwargs)]
            yield from items

        setattr(owner, name, timed)


def profile(folder: Path) -> dict[str, float]:
    """Train a run to its end and return the seconds of each part."""
    timer = Timer()
    timer.wrap(builtins, "__import__", "imports")
    from cells._recurrent import Recurrent
    from workbench.engine import checkpoint, data
    from workbench.engine.evaluator import Evaluator
    from workbench.engine.loop import train
    from workbench.engine.optim import Optimization
    from workbench.engine.state import TrainingState
    from workbench.engine.trainer import Trainer
    from workbench.runs.journal import Journal
    from workbench.runs.run import Run

    timer.switch("rest")
    timer.wrap(data, "load", "data")
    for base in type_of_task(folder).__mro__:
        if "initialise" in vars(base):
            timer.wrap(base, "initialise", "data")
    timer.wrap(Trainer, "batches", "batches")
    timer.wrap(Evaluator, "evaluate", "evaluation: other")
    timer.wrap(Evaluator, "evaluate_training_sample", "evaluation: other")
    timer.wrap_generator(Evaluator, "probe_gradient", "gradient probe")
    timer.wrap_generator(Evaluator, "sample", "samples")
    timer.wrap_generator(Evaluator, "measure_baselines", "baselines")
    timer.wrap(checkpoint, "save_last", "checkpoints")
    timer.wrap(checkpoint, "save_best", "checkpoints")
    _tell_steps_apart(timer, Trainer, Optimization, Recurrent)
    run = Run(folder)
    journal = Journal(run.events_file)
    for event in train(run, lambda: False, TrainingState()):
        journal.append(event)
    journal.close()
    timer.switch("rest")
    return timer.seconds


def type_of_task(folder: Path) -> type:
    """Return the class of a run's task."""
    import tasks
    from workbench.runs.run import Run

    return tasks.load(Run(folder).spec.task)


def _tell_steps_apart(timer: Timer, trainer: Any, optimization: Any, recurrent: Any) -> None:
    """Charge the parts of ``Trainer.step``."""
    build, step, update, forward = trainer.__init__, trainer.step, optimization.step, recurrent.forward
    stepping = False

    def built(self: Any, *args: Any, **kwargs: Any) -> None:
        build(self, *args, **kwargs)
        self.model.register_forward_pre_hook(lambda *_: timer.switch("embedding") if stepping else None)

    def stepped(self: Any, rows: Any) -> None:
        nonlocal stepping
        with timer.within("batches"):
            stepping = True
            try:
                step(self, rows)
            finally:
                stepping = False

    def updated(self: Any, loss: Any, number: int) -> Any:
        loss.register_hook(lambda _: timer.switch("head and loss"))
        timer.switch("optimiser")
        return update(self, loss, number)

    def recurred(self: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        if not stepping:
            if timer.stack[-1] != "evaluation: other":
                return forward(self, x, *args, **kwargs)
            with timer.within("evaluation: recurrence"):
                return forward(self, x, *args, **kwargs)
        if x.requires_grad:
            x = x.view_as(x)  # of the recurrence alone: its gradient is whole when the recurrence has ended
            x.register_hook(lambda _: timer.switch("embedding"))
        timer.switch("recurrence")
        outputs, state = forward(self, x, *args, **kwargs)
        outputs.register_hook(lambda _: timer.switch("recurrence"))
        timer.switch("head and loss")
        return outputs, state

    trainer.__init__, trainer.step = built, stepped
    optimization.step, recurrent.forward = updated, recurred
    import torch

    backward = torch.Tensor.backward

    def backwards(self: Any, *args: Any, **kwargs: Any) -> None:
        backward(self, *args, **kwargs)
        if stepping:
            timer.switch("optimiser")

    torch.Tensor.backward = backwards  # type: ignore[method-assign, assignment]


def in_a_process(given: argparse.Namespace, task: str, cache: str) -> dict[str, float]:
    """Train a task in a process of its own; return the seconds of each part."""
    from workbench.config import spec
    from workbench.runs import store

    with tempfile.TemporaryDirectory() as folder:
        values = {"train.threads": 1, "train.max_steps": given.steps, **dict(pair.split("=", 1) for pair in given.set)}
        described = spec.make(task, given.cell, values, data="full", data_dir=str(given.data / task))
        run = store.create(Path(folder), described)
        child = [sys.executable, "-P", __file__, "--data", str(given.data), "--one", str(run.path)]
        environment = {**os.environ, **_ONE_THREAD, "WORKBENCH_CACHE": cache}
        done = subprocess.run(child, stdout=subprocess.PIPE, text=True, check=True, env=environment)
        if given.keep:
            kept = given.keep / f"{task}.jsonl"
            kept.write_text(run.events_file.read_text())
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def print_table(columns: dict[str, list[dict[str, float]]]) -> None:
    """Print the median seconds of each part and their shares, a column a training."""
    medians = {
        head: {part: statistics.median(one[part] for one in taken) for part in PARTS} for head, taken in columns.items()
    }
    print("| part | " + " | ".join(medians) + " |\n|" + " --- |" * (1 + len(medians)))
    for part in PARTS:
        cells = [f"{one[part]:.2f} ({one[part] / sum(one.values()):.0%})" for one in medians.values()]
        print(f"| {part} | " + " | ".join(cells) + " |")
    print("| whole | " + " | ".join(f"{sum(one.values()):.2f}" for one in medians.values()) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with a folder a task")
    parser.add_argument("--tasks", nargs="+", default=TASKS)
    parser.add_argument("--cell", default="lstm")
    parser.add_argument("--steps", type=int, default=100, help="steps of each training (0: all of its epochs)")
    parser.add_argument("--times", type=int, default=1, help="trainings that are counted as *again*")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--cache", type=Path, help="cache to use in place of an empty one")
    parser.add_argument("--keep", type=Path, help="folder for the last events of each task, to compare")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(profile(given.one)))
        return
    from machine import ended_by_signals, tell_load

    ended_by_signals()
    tell_load()
    columns: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as empty:
        cache = str(given.cache or empty)
        for task in given.tasks:
            columns[f"{task}, first"] = [in_a_process(given, task, cache)]
        for _ in range(given.times):
            for task in given.tasks:
                columns.setdefault(f"{task}, again", []).append(in_a_process(given, task, cache))
    print(f"{given.cell}, {given.steps or 'all'} steps, one thread, s of processor time\n")
    print_table({head: taken for task in given.tasks for head, taken in columns.items() if head.startswith(f"{task},")})


if __name__ == "__main__":
    main()
