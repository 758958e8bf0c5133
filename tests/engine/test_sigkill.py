"""Killed with SIGKILL at any instant, a run goes on from its last checkpoint and ends the same, bit for bit.

``pytest tests/engine/test_sigkill.py -n 0 -s`` prints a line a kill.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors
import torch
from engine.toy_runs import KEPT, only, toy, until

from workbench import journal, launch
from workbench.events import Finished, Started, Step
from workbench.runs import Run

KILLS = 20
SPEC = {"train.epochs": 5, "train.threads": 1, "train.checkpoint_seconds": 0.05, "cell.layers": 2, "cell.dropout": 0.2}
TASK = {"rows": 1000, "pause": 0.025, "dropout": 0.3}


def wait(process: Any) -> float:
    """Wait for a worker's end; when that was."""
    process.wait(timeout=120)
    return time.monotonic()


def lives(run: Run) -> int:
    """How often the run has written ``started``."""
    return run.events_file.read_bytes().count(b'"event":"started"') if run.events_file.exists() else 0


def temporary(run: Run) -> list[str]:
    return sorted(file.name for file in run.path.iterdir() if file.name.endswith(".tmp"))


class Killer:
    """Starts a run's worker and kills it: while it starts, while it trains, or while it writes a checkpoint."""

    def __init__(self, start_up: float, training: float, seed: int = 20) -> None:
        self.start_up, self.training = start_up, training
        self.draw = random.Random(seed)
        self.kills = 0

    def life(self, run: Run) -> None:
        """One life of a worker, cut short where it does not finish before."""
        where = ("start-up", "training", "training", "writing", "training")[self.kills % 5]
        born = lives(run)
        began = time.monotonic()
        worker = launch.start(run)
        self._await(where, run, born, worker)
        writing = temporary(run)
        after = time.monotonic() - began
        worker.send_signal(signal.SIGKILL)
        worker.wait(timeout=30)
        if worker.returncode != -signal.SIGKILL:
            assert (worker.returncode, run.status()) == (0, "finished"), run.last_log_line()
            print("  finished before the next kill")
            return
        self.kills += 1
        history = journal.read(run.events_file)
        step = f"step {history.step:3}" if lives(run) > born else "step   –"
        saved = history.checkpoint.step if history.checkpoint else "none"
        left = f", left {', '.join(temporary(run))}" if temporary(run) else ""
        print(f"  kill {self.kills:2} after {after:5.2f} s ({where:8}): {step}, last checkpoint {saved}{left}")
        assert run.status() == "lost"
        assert where != "writing" or writing or temporary(run) or worker.returncode

    def _await(self, where: str, run: Run, born: int, worker: Any) -> None:
        if where == "start-up":
            time.sleep(self.draw.uniform(0, self.start_up))
            return
        wait_for(lambda: lives(run) > born, worker)
        time.sleep(self.draw.uniform(0, self.training / 7))
        if where == "writing":
            wait_for(lambda: temporary(run), worker)


def wait_for(condition: Callable[[], Any], worker: Any) -> None:
    """Wait, without pause, until something holds or the worker has ended."""
    end = time.monotonic() + 120
    while not condition() and worker.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.0005)


def saved(run: Run) -> dict[str, Any]:
    """All of ``last.pt`` but the clock."""
    state = torch.load(run.last_file, weights_only=True)
    del state["position"]["wall_s"]
    return state


def best(run: Run) -> dict[str, Any]:
    with safetensors.safe_open(run.best_file, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()} | file.metadata()  # noqa: SIM118


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Where two nests of dicts, lists, tensors and numbers differ in any bit."""
    if type(one) is not type(other):
        return [where]
    if isinstance(one, torch.Tensor):
        same = one.dtype == other.dtype and torch.equal(one, other)
        return [] if same else [where]
    if isinstance(one, dict):
        if one.keys() != other.keys():
            return [where]
        return [d for key in one for d in differences(one[key], other[key], f"{where}/{key}")]
    if isinstance(one, list | tuple):
        if len(one) != len(other):
            return [where]
        return [d for k, (a, b) in enumerate(zip(one, other, strict=True)) for d in differences(a, b, f"{where}/{k}")]
    return [] if one == other else [where]


def same_in_the_end(run: Run, reference: Run) -> None:
    assert differences(best(run), best(reference)) == []
    assert differences(saved(run), saved(reference)) == []
    one, other = journal.read(run.events_file), journal.read(reference.events_file)
    assert [(e.step, e.metrics, e.best) for e in one.evals] == [(e.step, e.metrics, e.best) for e in other.evals]
    assert len(one.evals) == 5
    assert isinstance(one.ended, Finished)
    assert (one.ended.test, one.ended.best) == (other.ended.test, other.ended.best)
    assert {file.name for file in run.path.iterdir()} == KEPT


@pytest.mark.timeout(900)
def test_killed_at_twenty_instants_a_run_ends_the_same_bit_for_bit(runs_folder: Path) -> None:
    reference = toy(runs_folder, SPEC, cell="lstm", **TASK)
    began = time.time()
    ended = wait(launch.start(reference))
    assert reference.status() == "finished", reference.last_log_line()
    events = journal.Tail(reference.events_file).read()[0]
    start_up = only(Started, events)[0].time - began
    training = only(Step, events)[-1].time - only(Started, events)[0].time
    print(f"\nuninterrupted: start-up {start_up:.1f} s, {events[-1].step} steps in {training:.1f} s")
    assert ended

    killer = Killer(start_up, training)
    while killer.kills < KILLS:
        run = toy(runs_folder, SPEC, cell="lstm", **TASK)
        print(f"run {run.id}")
        while run.status() != "finished":
            if killer.kills < KILLS:
                killer.life(run)
            else:
                wait(launch.start(run))
                assert run.status() == "finished", run.last_log_line()
        same_in_the_end(run, reference)
        print(f"  the same bit for bit after {lives(run)} lives: weights, optimiser, generators, figures")
