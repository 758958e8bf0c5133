"""Killed with SIGKILL at any instant, a run goes on from its last checkpoint and ends the same, bit for bit.

``pytest tests/engine/test_sigkill.py -n 0 -s`` prints a line a kill.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from engine.comparing import live_on, same_in_the_end
from engine.toy_runs import toy
from forker import Forker
from waiting import HANG, until

from tasks.shared import files
from workbench.runs import journal, launch
from workbench.runs.history import read_history
from workbench.runs.locations import root
from workbench.runs.run import Run

KILLS = 20
WHERE = ("start-up", "training", "writing", "training", "start-up")
SPEC = {
    "train.epochs": 4,
    "train.threads": 1,
    "train.checkpoint_seconds": 0.05,
    "cell.layers": 2,
    "cell.dropout": 0.2,
    "train.eval_train": 90,
}
TASK = {"rows": 500, "pause": 0.01, "dropout": 0.3}


def lives(run: Run) -> int:
    """Number of ``started`` events that the run has written."""
    return run.events_file.read_bytes().count(b'"event":"started"') if run.events_file.exists() else 0


def temporary(run: Run) -> list[str]:
    return sorted(file.name for file in run.path.iterdir() if file.name.endswith(".tmp"))


@contextmanager
def struck_in_a_write(number: int) -> Iterator[None]:
    """Workers that begin within the block kill themselves in the middle of the ``number``-th file that they write.

    They are forked from this process, with what it has put in the place of ``fsync``.
    """
    writes, fsync = iter(range(1, 10**9)), os.fsync

    def strike(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink().suffix == files.TEMPORARY and next(writes) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        fsync(descriptor)

    files.os.fsync = strike
    try:
        yield
    finally:
        files.os.fsync = fsync


class Killer:
    """Starts a run's worker and kills it: while it starts, while it trains, or while it writes a file.

    Args:
        start_up: seconds that a worker takes to its first event.
        training: seconds from there to its end.
    """

    def __init__(self, start_up: float, training: float, seed: int = 20) -> None:
        self.start_up, self.training = start_up, training
        self.draw = random.Random(seed)
        self.kills = 0
        self.torn = 0  # kills that left a half-written file

    def life(self, run: Run) -> None:
        """One life of a worker, cut short where it does not finish before."""
        where = WHERE[self.kills % len(WHERE)]
        born = lives(run)
        began = time.monotonic()
        if where == "writing":
            with struck_in_a_write(self.draw.randint(1, 8)):
                worker = launch.start(run)
            worker.wait(timeout=HANG)
        else:
            worker = launch.start(run)
            if where == "training":
                wait_for(lambda: lives(run) > born, worker)
            time.sleep(self.draw.uniform(0, self.start_up if where == "start-up" else 0.4 * self.training))
        after = time.monotonic() - began
        worker.kill()
        if worker.wait(timeout=HANG) != -signal.SIGKILL:
            assert (worker.returncode, run.status()) == (0, "finished"), run.last_log_line()
            print("  finished before the next kill")
            return
        self.kills += 1
        self.torn += bool(temporary(run))
        self.tell(run, f"after {after:5.2f} s, {where:8}", alive=lives(run) > born)
        assert run.status() == ("finished" if read_history(run.events_file).ended else "lost")

    def tell(self, run: Run, when: str, alive: bool) -> None:
        history = read_history(run.events_file)
        step = f"at step {history.step:3}" if alive else "before its first event"
        saved = f"step {history.checkpoint.step}" if history.checkpoint else "none yet"
        left = f"; half-written {', '.join(temporary(run))}" if temporary(run) else ""
        print(f"  kill {self.kills:2} {when}: {step}, last checkpoint {saved}{left}")


def wait_for(condition: Callable[[], Any], worker: subprocess.Popen[bytes]) -> None:
    """Wait until something holds or the worker has ended."""
    until(lambda: condition() or worker.poll() is not None)


@pytest.mark.timeout(900)
def test_killed_at_twenty_instants_a_run_ends_the_same_bit_for_bit(forker: Forker, tmp_path: Path) -> None:
    # in a process that has imported torch, so that a life is short and most of it training
    done = forker.run([], tmp_path, dict(os.environ), timeout=800, function=f"{__name__}:kill_and_compare")
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr


def kill_and_compare() -> None:
    torch.set_num_threads(1)
    folder = root()
    reference = toy(folder, SPEC, cell="lstm", **TASK)
    began = time.time()
    live_on(reference)
    events = journal.Tail(reference.events_file).read()[0]
    start_up, training = events[0].time - began, events[-1].time - events[0].time
    print(f"uninterrupted: start-up {start_up:.1f} s, then {events[-1].step} steps in {training:.1f} s")

    killer = Killer(start_up, training)
    while killer.kills < KILLS:
        run = toy(folder, SPEC, cell="lstm", **TASK)
        print(f"run {run.id}")
        while run.status() != "finished":
            if killer.kills < KILLS:
                killer.life(run)
            else:
                live_on(run)
        same_in_the_end(run, reference)
        print(f"  {lives(run)} lives, and the same bit for bit: weights, optimiser, generators, figures")
    assert killer.torn >= KILLS // len(WHERE)  # those that came in the middle of a write
