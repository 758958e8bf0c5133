"""A run that is watched for an hour: memory and file descriptors of the run, a screen and a watcher, each minute.

    python bench/soak.py --minutes 60 --log soak.tsv

A training that sleeps most of the time writes four steps a second and an evaluation every few seconds. A screen of
120 columns and 36 rows watches it in tmux, and ``workbench watch`` follows it on a pseudo-terminal. The log holds
a line a minute of each process; at the end a table tells what each held, and how it grew after the first ten minutes.
"""

from __future__ import annotations

import argparse
import os
import pty
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

if not sys.flags.safe_path:
    sys.path.append(sys.path.pop(0))  # this file's folder last: ``cells`` is its neighbour too

import psutil
from machine import end, ended_by_signals, tell_load
from screen import WORKBENCH, starter_data, table

from workbench.runs.history import read_history
from workbench.runs.run import Run

TOYS = Path(__file__).parents[1] / "tests" / "toys" / "tasks"
SETTLED = 10.0  # minutes after which growth counts


class Sample(NamedTuple):
    """Memory of a process, in MB."""

    minute: float
    process: str
    rss: float
    uss: float
    descriptors: int
    threads: int
    cpu: float  # seconds of a core so far


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--every", type=float, default=60, help="seconds between two samples")
    parser.add_argument("--pause", type=float, default=0.25, help="seconds that each step of the training sleeps")
    parser.add_argument("--log", type=Path, default=Path("soak.tsv"))
    given = parser.parse_args()
    ended_by_signals()
    tell_load()
    samples: list[Sample] = []
    with ExitStack() as stack:
        stack.callback(lambda: report(samples))
        for sample in soak(stack, given.minutes, given.every, given.pause):
            samples.append(sample)
            with given.log.open("a") as log:
                log.write("\t".join(str(field) for field in sample) + "\n")


def soak(stack: ExitStack, minutes: float, every: float, pause: float) -> Iterator[Sample]:
    """Yield what each process holds, again and again; what was started ends with ``stack``."""
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="soak"))
    starter_data(f"{folder}/cache")
    os.environ |= {"WORKBENCH_TASKS": str(TOYS), "WORKBENCH_RUNS": f"{folder}/runs", "OMP_NUM_THREADS": "1"}
    watched = {
        "training": stack.enter_context(training(pause)),
        "screen": stack.enter_context(in_tmux()),
        "watch": stack.enter_context(on_a_terminal(WORKBENCH, "watch", "last", "--headless")),
    }
    began = time.monotonic()
    while (minute := (time.monotonic() - began) / 60) <= minutes:
        for name, process in watched.items():
            yield sample(minute, name, process)
        time.sleep(every)


def sample(minute: float, name: str, process: psutil.Process) -> Sample:
    with process.oneshot():
        memory, cpu = process.memory_full_info(), process.cpu_times()
        held = memory.rss / 1e6, memory.uss / 1e6
        return Sample(
            round(minute, 2),
            name,
            *(round(megabytes, 2) for megabytes in held),
            process.num_fds(),
            process.num_threads(),
            round(cpu.user + cpu.system, 2),
        )


@contextmanager
def training(pause: float) -> Iterator[psutil.Process]:
    """The worker of a run that takes hardly any time of the processor."""
    words = [WORKBENCH, "train", "toy", "--cell", "lstm", "--threads", "1", "--detach", "--epochs", "100000"]
    words += ["--set", "train.patience=0", "--set", f"task.pause={pause}", "--set", "train.checkpoint_seconds=30"]
    name = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    run = Run(Path(os.environ["WORKBENCH_RUNS"]) / name)
    try:
        yield psutil.Process(started(run))
    finally:
        end(run)


def started(run: Run, seconds: float = 60) -> int:
    """The process number of a run's worker, once it has begun."""
    until = time.monotonic() + seconds
    while (begun := read_history(run.events_file).started) is None:
        if time.monotonic() > until:
            raise TimeoutError("The training did not start.")
        time.sleep(0.5)
    return begun.pid


@contextmanager
def in_tmux() -> Iterator[psutil.Process]:
    """The screen on the newest run, in a tmux server of its own."""
    if not shutil.which("tmux"):
        raise SystemExit("tmux is not here: install it, the screen runs in it.")
    tmux = ["tmux", "-L", f"soak-{os.getpid()}", "-f", "/dev/null"]
    command = f"exec {WORKBENCH} watch last"
    subprocess.run([*tmux, "new-session", "-d", "-s", "soak", "-x", "120", "-y", "36", command], check=True)
    try:
        pid = subprocess.check_output([*tmux, "list-panes", "-t", "soak", "-F", "#{pane_pid}"], text=True)
        yield psutil.Process(int(pid))
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)


@contextmanager
def on_a_terminal(*words: str) -> Iterator[psutil.Process]:
    """A program on a pseudo-terminal that somebody reads."""
    master, slave = pty.openpty()
    process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)

    def read() -> None:
        with suppress(OSError):
            while os.read(master, 65536):
                pass

    threading.Thread(target=read, daemon=True).start()
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(10)
        os.close(master)


def report(samples: Sequence[Sample]) -> None:
    rows = []
    for name in dict.fromkeys(one.process for one in samples):
        own = [one for one in samples if one.process == name]
        settled = [one for one in own if one.minute >= min(SETTLED, own[-1].minute / 2)]
        first, last = settled[0], own[-1]
        rows.append(
            (
                name,
                f"{last.minute:.0f}",
                f"{first.rss:.1f} → {last.rss:.1f}",
                f"{first.uss:.1f} → {last.uss:.1f}",
                f"{slope(settled):+.3f}",
                f"{first.descriptors} → {last.descriptors}",
                f"{first.threads} → {last.threads}",
                f"{(last.cpu - own[0].cpu) / max(1, 60 * (last.minute - own[0].minute)):.1%}",
            )
        )
    head = ("process", "minutes", "RSS, MB", "USS, MB", "USS, MB a minute", "descriptors", "threads", "share of a core")
    table(head, *rows)


def slope(samples: Sequence[Sample]) -> float:
    """MB a minute, fitted."""
    if len(samples) < 2:
        return float("nan")
    return statistics.linear_regression([one.minute for one in samples], [one.uss for one in samples]).slope


if __name__ == "__main__":
    main()
