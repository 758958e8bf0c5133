"""Throughput of one run in N processes on the CPU, interleaved, real data at default sizes.

    python bench/ddp.py --data DIR

For each task and number of processes a training of ``--seconds`` seconds, without evaluations, in turns ``--rounds``
times: with all cores to share, and at one thread a process. Examples a second between the first and the last report;
the medians are shown.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

if not sys.flags.safe_path:
    sys.path.append(sys.path.pop(0))  # this file's folder last: ``cells`` and ``climate`` are packages too

from machine import ended_by_signals, tell_load

from workbench.config import spec
from workbench.config.threads import cores
from workbench.runs import launch, store
from workbench.runs.history import read_history

TASKS = ("names", "imdb", "poems")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tasks", nargs="+", default=TASKS)
    parser.add_argument("--processes", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    ended_by_signals()
    os.environ["WORKBENCH_DATA"] = str(given.data)
    tell_load()
    ways = [(1, 1), *((count, max(1, cores() // count)) for count in given.processes)]
    print("| task | " + " | ".join(f"{count} × {threads}" for count, threads in ways) + " |")
    print("| --- |" + " --- |" * len(ways))
    for task in given.tasks:
        rounds = [[speed(task, *way, given.seconds, given.data) for way in ways] for _ in range(given.rounds)]
        first, *rest = (statistics.median(speeds) for speeds in zip(*rounds, strict=True))
        print(
            f"| `{task}` | {first:,.0f} | " + " | ".join(f"{one:,.0f} ({one / first:.2f})" for one in rest) + " |",
            flush=True,
        )
    tell_load()


def speed(task: str, processes: int, threads: int, seconds: float, data: Path) -> float:
    """Return the examples a second of a training."""
    values = {
        "train.processes": processes,
        "train.threads": threads,
        "train.max_seconds": seconds,
        "train.eval_every": 10**9,
        "train.checkpoint_seconds": 1000,
        "train.probe": 0,
    }
    with tempfile.TemporaryDirectory() as folder:
        run = store.create(Path(folder), spec.make(task, "lstm", values, data="full", data_dir=str(data / task)))
        worker = launch.start(run)
        steps = []
        try:
            while worker.poll() is None and not (steps and steps[-1].time - steps[0].time > seconds * 0.6):
                with_time(worker)
                steps = read_history(run.events_file).steps if run.events_file.exists() else []
        finally:
            worker.terminate()
            worker.wait()
        if len(steps) < 2:
            raise SystemExit(f"{task} in {processes} processes reported too little: give it more --seconds.")
        made = run.spec.train.batch_size * (steps[-1].step - steps[0].step)
        return made / (steps[-1].time - steps[0].time)


def with_time(worker: subprocess.Popen[bytes]) -> None:
    """Wait a little for a worker."""
    try:
        worker.wait(0.2)
    except subprocess.TimeoutExpired:
        return


if __name__ == "__main__":
    main()
