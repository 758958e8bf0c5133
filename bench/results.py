"""Every task with every cell on its data: test figures, wall time, examples per second, beside the baselines.

    python bench/results.py --tasks imdb reviews --cells rnn gru lstm bilstm --minutes 10 --data DIR

Each pair is one run of the real command line, made where ``--runs`` does not hold it yet. A run that is not done after
``--minutes`` is asked to stop, and its best weights so far are measured: the table says how far it came.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

if not sys.flags.safe_path:
    sys.path.pop(0)  # this file's folder, where ``cells`` would be its neighbour

import cells
import tasks
from workbench.runs import store
from workbench.runs.events import Finished
from workbench.runs.history import read_history

WORKBENCH = str(Path(sys.executable).with_name("workbench"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", default=tasks.available())
    parser.add_argument("--cells", nargs="+", default=["rnn", "gru", "lstm", "bilstm"])
    parser.add_argument("--minutes", type=float, default=10, help="a run's longest training; 0: to its end")
    parser.add_argument("--threads", default="0")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--runs", type=Path, default=Path("checkpoints"))
    given = parser.parse_args()
    for task in given.tasks:
        rows: list[Any] = []
        baselines: dict[str, dict[str, float | None]] = {}
        for cell in given.cells:
            if tasks.settings(task).causal and cells.about(cell).bidirectional:
                continue
            run = find(given.runs, task, cell) or train(given, task, cell)
            tested, baselines = figures(run, given.runs)
            rows.append((cell, tested, *effort(run)))
        print(f"\n{task}\n")
        show(rows, baselines)


def find(folder: Path, task: str, cell: str) -> store.Run | None:
    """The newest ended run of a pair with the task's own defaults."""
    for run in store.listing(folder):
        described = run.spec
        if (described.task, described.cell, described.preset) == (task, cell, "") and run.status() in ENDED:
            return run
    return None


ENDED = ("finished", "stopped")


def train(given: argparse.Namespace, task: str, cell: str) -> store.Run:
    data = ["--data", str(given.data)] if given.data else []
    words = [WORKBENCH, "train", task, "--cell", cell, "--headless", "--json", "--threads", given.threads]
    child = subprocess.Popen([*words, *data, "--runs", str(given.runs)], stdout=subprocess.PIPE, text=True)
    try:
        said, _ = child.communicate(timeout=given.minutes * 60 or None)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGTERM)
        said, _ = child.communicate()
    return store.find(json.loads(said.splitlines()[-1])["run"], given.runs)


def figures(run: store.Run, folder: Path) -> tuple[dict[str, float | None], dict[str, dict[str, float | None]]]:
    """The test metrics of a run, as it ended or measured now, and the baselines'."""
    history = read_history(run.events_file)
    if isinstance(history.ended, Finished) and history.baseline:
        return history.ended.test, history.baseline.methods["test"]
    measured = ask("eval", run.id, "--runs", folder, "--json")
    return measured["metrics"], measured["baseline"]


def effort(run: store.Run) -> tuple[float, float, float]:
    """Epochs, seconds of training, examples per second."""
    ended = read_history(run.events_file).ended
    return ended.epochs, ended.wall_s, ended.examples_per_s  # type: ignore[union-attr]


def ask(*words: object) -> Any:
    done = subprocess.run([WORKBENCH, *map(str, words)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def show(rows: list[Any], baselines: dict[str, dict[str, float | None]]) -> None:
    keys = [key for key in rows[0][1] if key != "loss"]
    print("| | " + " | ".join([*keys, "epochs", "seconds", "examples/s"]) + " |")
    print("| --- |" + " --- |" * (len(keys) + 3))
    for cell, metrics, epochs, seconds, speed in rows:
        written = [number(metrics.get(key)) for key in keys]
        print(f"| `{cell}` | " + " | ".join([*written, f"{epochs:.1f}", f"{seconds:.0f}", f"{speed:,.0f}"]) + " |")
    for method, metrics in baselines.items():
        print(f"| {method} | " + " | ".join([*(number(metrics.get(key)) for key in keys), "", "", ""]) + " |")


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


if __name__ == "__main__":
    main()
