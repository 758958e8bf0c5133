"""What watching costs: a training's speed with two screens on it, and the screens' own share of a core.

    python bench/watch.py

A training on one thread, on the small starter data and of a fixed number of steps, is run unwatched and watched by two
screens, in turn (aim: at least 0.97 times as fast). Then a screen that shows a finished run (aim: under 2 % of a core),
one that watches a training (under 4 %), one that opens a run of 200,000 step events (half a second and 130 MB), and one
that lists 500 runs (under 1 s).
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

if not sys.flags.safe_path:
    sys.path.append(sys.path.pop(0))  # this file's folder last: ``cells`` is its neighbour too

import psutil
from machine import end, ended_by_signals, runs_folder, tell_load
from screen import WORKBENCH, Program, starter_data, table

from workbench.config import spec
from workbench.runs import store
from workbench.runs.events import SCHEMA, Best, Eval, Finished, Started, Step
from workbench.runs.journal import Journal
from workbench.runs.run import Run

LIST, OPEN = "\x1bOR", "\r"  # F3, Enter
NAMES = ("train", "names", "--cell", "lstm", "--threads", 1, "--set", "train.patience=0")


def main() -> None:
    ended_by_signals()
    with tempfile.TemporaryDirectory() as cache:
        starter_data(cache)
        measure()


def measure() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--steps", type=int, default=400, help="of the training that is watched")
    parser.add_argument("--seconds", type=float, default=10, help="that a share of a core is measured over")
    given = parser.parse_args()
    tell_load()
    speeds = [[speed(given.steps, watchers) for watchers in (0, 2)] for _ in range(given.times)]
    alone, watched = (statistics.median(column) for column in zip(*speeds, strict=True))
    ratio = statistics.median(two / none for none, two in speeds)
    table(
        ("a training on one thread", "examples/s"),
        ("unwatched", f"{alone:,.0f}"),
        ("watched by two", f"{watched:,.0f}"),
        ("ratio, median of pairs", f"{ratio:.3f}"),
    )
    print()
    opened, megabytes = long_run()
    table(
        ("a screen", "", "aim"),
        ("idle, share of a core", f"{idle(given.seconds):.1%}", "< 2 %"),
        ("live, share of a core", f"{live(given.seconds):.1%}", "< 4 %"),
        ("opens 200,000 step events", f"{opened:.2f} s", "< 0.5 s"),
        ("and then holds", f"{megabytes:.0f} MB", "< 130 MB"),
        ("lists 500 runs", f"{many():.2f} s", "< 1 s"),
    )


def speed(steps: int, watchers: int) -> float:
    """Examples per second of a training that so many screens watch."""
    with runs_folder() as folder, ExitStack() as opened:
        screens = [opened.enter_context(screen(folder)) for _ in range(watchers)]
        run = opened.enter_context(training(folder, "--max-steps", steps))
        for one in screens:  # while the worker still imports torch
            watch(one)
        ended = json.loads(workbench("watch", run.id, "--runs", folder, "--json").splitlines()[-1])
    assert ended["status"] == "finished", ended
    return float(ended["examples_per_s"])


@contextmanager
def training(folder: str, *words: object) -> Iterator[Run]:
    """A training; stopped at the end, if it still goes on."""
    run = Run(Path(folder) / workbench(*NAMES, "--detach", "--runs", folder, *words).strip())
    try:
        yield run
    finally:
        end(run)


def workbench(*words: object) -> str:
    command = [WORKBENCH, *map(str, words)]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout


@contextmanager
def screen(folder: str) -> Iterator[Program]:
    """The laboratory on a folder of runs."""
    with Program(WORKBENCH, "--runs", folder) as program:
        program.shows("names with", "Quit")
        program.rest()
        yield program


def watch(program: Program) -> None:
    """Open the only run of its folder."""
    program.type(LIST)
    program.shows("names-lstm")
    program.type(OPEN)
    program.shows("about")


def share(program: Program, seconds: float) -> float:
    """The share of a core that a program takes, once what the Lab asked for its network has ended."""
    program.rest(1.0, most=5)
    psutil.wait_procs(program.children(), timeout=30)
    before, began = program.cpu(), time.perf_counter()
    time.sleep(seconds)
    return (program.cpu() - before) / (time.perf_counter() - began)


def idle(seconds: float) -> float:
    with tempfile.TemporaryDirectory() as folder:
        written(Path(folder), 100)
        with screen(folder) as program:
            watch(program)
            return share(program, seconds)


def live(seconds: float) -> float:
    with (
        runs_folder() as folder,
        screen(folder) as program,
        training(folder, "--epochs", 100_000),
    ):
        watch(program)
        program.shows("epoch")
        return share(program, seconds)


def long_run() -> tuple[float, float]:
    """Seconds from Enter to the last step's figures, and megabytes then."""
    with tempfile.TemporaryDirectory() as folder:
        written(Path(folder), 200_000)
        with screen(folder) as program:
            program.type(LIST)
            program.shows("names-lstm")
            program.rest()
            pressed = program.type(OPEN)
            shown = program.shows("step 200,000", "all steps are done")
            program.rest()
            return shown - pressed, program.megabytes()


def many() -> float:
    """Seconds from the key to the list of 500 runs."""
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(500):
            written(Path(folder), 20)
        with screen(folder) as program:
            pressed = program.type(LIST)
            return program.shows("names-lstm") - pressed


def written(folder: Path, steps: int) -> Run:
    """A finished run of so many step events."""
    run = store.create(folder, spec.make("names", "lstm"))
    journal, best = Journal(run.events_file), Best(step=steps, metric="accuracy", value=0.8)
    started = {"from_step": 0, "pid": 1, "host": "here", "device": "CPU", "precision": "fp32", "versions": {}}
    size = {"parameters": 1000, "train_size": 100, "steps_per_epoch": 100, "total_steps": steps}
    journal.append(Started(time=1.0, schema=SCHEMA, **started, **size))
    for step in range(1, steps + 1):
        loss = 0.5 + math.exp(-3 * step / steps) + 0.1 * math.sin(step)
        figures = {"grad_norm": 0.5, "lr": 0.003, "examples_per_s": 1000.0, "eta_s": 1.0, "memory_mb": 300.0}
        journal.append(Step(time=1.0 + step, step=step, epoch=step / 100, loss=loss, **figures))
        if step % (steps // 10) == 0:
            metrics = {"loss": loss, "accuracy": 0.8 * step / steps, "macro_f1": 0.5}
            journal.append(Eval(time=1.0 + step, step=step, epoch=step / 100, metrics=metrics, best=best))
    ended = {"epochs": steps / 100, "reason": "all steps are done", "wall_s": 10.0, "examples_per_s": 1000.0}
    journal.append(Finished(time=2.0 + steps, step=steps, best=best, test={"accuracy": 0.8}, **ended))
    journal.close()
    return run


if __name__ == "__main__":
    main()
