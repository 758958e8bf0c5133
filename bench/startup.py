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
    rows, medians = [], []
    for kind, what in enumerate(("seconds", "processor time")):
        for program, name in enumerate(programs):
            figures = [1000 * both[program][kind] for both in measured]
            medians.append(statistics.median(figures))
            rows.append((f"{name}, {what}", *(f"{one:.0f}" for one in (medians[-1], min(figures), max(figures)))))
        ratios = [both[1][kind] / both[0][kind] for both in measured]
        rows.append(
            (f"ratio, {what}", *(f"{one:.2f}" for one in (medians[-1] / medians[-2], min(ratios), max(ratios))))
        )
    table(("first paint, ms", "median", "least", "most"), *rows)


def first_paint(words: tuple[str, ...], sign: str) -> tuple[float, float]:
    """Seconds until it is painted, and seconds of processor time until then."""
    with Program(*words) as program:
        moment = program.shows(sign, "Quit")
        return moment - program.began, program.spent(moment)


if __name__ == "__main__":
    main()
