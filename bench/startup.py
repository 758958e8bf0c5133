"""How long until the first paint: ``workbench`` beside a minimal Textual application with a list, a table and a footer.

    python bench/startup.py

Each starts in a process of its own on a pseudo-terminal, in turn; the first of each is not counted. Aim: at most 1.35
times the minimal application's median.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

if not sys.flags.safe_path:
    sys.path.append(sys.path.pop(0))  # this file's folder last: ``cells`` is its neighbour too

from machine import ended_by_signals, tell_load
from screen import WORKBENCH, Program, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=11)
    given = parser.parse_args()
    ended_by_signals()
    tell_load()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["WORKBENCH_RUNS"] = folder
        programs = {
            "a minimal application": ((sys.executable, str(Path(__file__).with_name("minimal_app.py"))), "item 7"),
            "workbench": ((WORKBENCH,), "lstm"),
        }
        measured = [[first_paint(words, sign) for words, sign in programs.values()] for _ in range(given.times + 1)][1:]
    medians = [statistics.median(seconds) for seconds in zip(*measured, strict=True)]
    rows = [
        (name, *(f"{1000 * figure:.0f}" for figure in (median, min(seconds), max(seconds))))
        for name, median, seconds in zip(programs, medians, zip(*measured, strict=True), strict=True)
    ]
    table(("first paint, ms", "median", "least", "most"), *rows, ("ratio", f"{medians[1] / medians[0]:.2f}", "", ""))


def first_paint(words: tuple[str, ...], sign: str) -> float:
    with Program(*words) as program:
        return program.shows(sign, "Quit") - program.began


if __name__ == "__main__":
    main()
