"""How soon a key shows while a network trains: the time from a key to its effect on the same screen.

    python bench/latency.py

The program runs on a pseudo-terminal while a training on one thread is at work beside it, on the small starter data.
Aim: within 50 ms at the 95th percentile.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

if not sys.flags.safe_path:
    sys.path.append(sys.path.pop(0))  # this file's folder last: ``cells`` is its neighbour too

import pyte
from machine import end, ended_by_signals, runs_folder, tell_load
from screen import WORKBENCH, Program, starter_data, table
from watch import written

from workbench.runs.run import Run

DOWN, UP, F3 = "\x1b[B", "\x1b[A", "\x1bOR"


Look = Callable[[pyte.Screen], object]


def grounds(column: int) -> Look:
    """The colours behind a column: where a marked row is."""
    return lambda screen: [screen.buffer[y][column].bg for y in range(screen.lines)]


def row(word: str) -> Look:
    """The letters and colours around a word: which tab is chosen, what a field holds."""

    def look(screen: pyte.Screen) -> object:
        for y, line in enumerate(screen.display):
            if (x := line.find(word)) >= 0:
                return [screen.buffer[y][at] for at in range(max(0, x - 60), min(screen.columns, x + 40))]
        return None

    return look


class Trial(NamedTuple):
    """Keys pressed in turn on a screen, and where their effect shows."""

    name: str
    ways: tuple[str, ...]  # keys that lead there, one after the other
    sign: str  # stands on the screen that they lead to
    keys: tuple[str, ...]
    look: Look


TRIALS = (
    Trial("Lab: another task in the list", ("1",), "names with", (DOWN, UP), grounds(3)),
    Trial("Lab: a digit typed", ("\t",) * 4, "cell.hidden", ("7", "\x7f"), row("hidden  ")),
    Trial("Runs: another run in the list", (F3,), "finished", (DOWN, UP), grounds(10)),
    Trial("Run, live: the next view", (UP, UP, "\r"), "about", ("v",), row("about")),
)


def main() -> None:
    ended_by_signals()
    with tempfile.TemporaryDirectory() as cache:
        starter_data(cache)
        measure()


def measure() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=100, help="keys pressed on each screen")
    given = parser.parse_args()
    tell_load()
    rows = []
    with runs_folder() as folder:
        for _ in range(2):  # something to list
            written(Path(folder), 20)
        with training(folder), Program(WORKBENCH, "--runs", folder) as program:
            program.shows("names with", "Quit")
            every: list[float] = []
            for trial in TRIALS:
                took, missed = press(program, trial, given.times)
                every += took
                rows.append((trial.name, *figures(took), missed))
            rows.append(("all", *figures(every), ""))
    table(("a key's effect, ms", "50 %", "95 %", "most", "not seen"), *rows)


def train(folder: str, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [WORKBENCH, "train", "names", "--cell", "lstm", "--threads", "1", "--runs", folder, *map(str, words)],
        capture_output=True,
        text=True,
        check=True,
    )


@contextmanager
def training(folder: str) -> Iterator[None]:
    run = Run(Path(folder) / train(folder, "--detach", "--epochs", 100_000, "--set", "train.patience=0").stdout.strip())
    try:
        yield
    finally:
        end(run)


def press(program: Program, trial: Trial, times: int) -> tuple[list[float], int]:
    """Seconds to each key's effect, and how many had none that was seen."""
    for key in trial.ways:
        program.type(key)
        program.rest(most=2)
    program.shows(trial.sign)
    took, missed = [], 0
    for _, key in zip(range(times), cycle(trial.keys), strict=False):
        before = trial.look(program.screen)
        seconds = program.effect(key, lambda screen, before=before: trial.look(screen) != before)
        if seconds is None:
            missed += 1
        else:
            took.append(seconds)
    return took, missed


def figures(seconds: list[float]) -> tuple[str, str, str]:
    if len(seconds) < 2:
        return "–", "–", "–"
    cuts = statistics.quantiles(seconds, n=20, method="inclusive")
    return tuple(f"{1000 * figure:.0f}" for figure in (cuts[9], cuts[18], max(seconds)))  # type: ignore[return-value]


if __name__ == "__main__":
    main()
