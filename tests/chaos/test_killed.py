"""Struck by a signal at a random instant or at a system call, a run resumes and ends the same, bit for bit."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from chaos import shim
from chaos.programs import Program
from chaos.tally import SEED, Tally, amount, some, whole
from engine.comparing import live_on, same_in_the_end
from engine.toy_runs import toy
from waiting import HANG

from workbench.runs import launch
from workbench.runs.locations import root
from workbench.runs.run import Run

SPEC = {"train.threads": 1, "cell.dropout": 0.2, "cell.layers": 2}
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
CALLS = ("write", "fsync", "rename", "open")
FILES = "*/runs/*"


def new() -> Run:
    return toy(root(), SPEC, dropout=0.3)


def ends_like(reference: Run, run: Run) -> None:
    if run.status() != "finished":
        live_on(run)
    same_in_the_end(run, reference)


def a_life(run: Run, delay: float, number: signal.Signals) -> str:
    """One life of a worker that gets a signal after a delay, and is waited for; how it ended."""
    worker = launch.start(run)
    time.sleep(delay)
    worker.poll()
    if worker.returncode is None:
        os.kill(worker.pid, number)
    return f"{number.name} after {delay:.3f} s: exit {worker.wait(timeout=HANG)}, {run.status()}"


def strike_and_compare() -> None:
    """Make a reference; strike runs as stdin says; print what came of each."""
    torch.set_num_threads(1)
    asked = json.load(sys.stdin)
    began = time.monotonic()
    reference = new()
    live_on(reference)
    whole = time.monotonic() - began
    for fault in asked:
        run = new()
        if "signal" in fault:
            told = a_life(run, fault["at"] * whole, signal.Signals(fault["signal"]))
        else:
            os.environ.update(fault)
            worker = launch.start(run)
            shim.without_faults()
            told = f"exit {worker.wait(timeout=HANG)}, {run.status()}"
        failure = ""
        try:
            ends_like(reference, run)
        except AssertionError as error:
            failure = f"{told}: {error or 'not the same'}"
        print(json.dumps(failure), flush=True)


def tried(program: Program, faults: list[dict[str, object]]) -> list[str]:
    """Failure of each fault; empty where the run ended the same."""
    done = program.call(
        input=json.dumps(faults).encode(), limit=60 + 20.0 * len(faults), function=f"{__name__}:strike_and_compare"
    )
    failures = [json.loads(line) for line in done.out.splitlines()]
    return [*failures, *[f"no answer: {done}"] * (len(faults) - len(failures))]


@pytest.mark.parametrize("number", some(list(SIGNALS), 1), ids=lambda number: number.name)
def test_a_signal_at_a_random_instant(tally: Tally, program: Program, number: signal.Signals) -> None:
    draw = random.Random(SEED + number)
    faults = [{"signal": int(number), "at": draw.uniform(0, 1)} for _ in range(amount(1, 20))]
    for fault, failure in zip(faults, tried(program, faults), strict=True):
        with tally.attempt(f"{number.name} at a random instant, then resume", fault):
            assert not failure, failure


@pytest.mark.parametrize("calls", some(list(CALLS), 1))
@pytest.mark.parametrize("number", some([signal.SIGKILL, signal.SIGTERM], 1), ids=lambda number: number.name)
def test_a_signal_at_a_system_call(
    tally: Tally, struck: Program, tmp_path: Path, calls: str, number: signal.Signals
) -> None:
    log = tmp_path / "calls"
    counted = shim.fault(calls, "sig0", 0, FILES, worker=True, log=log)
    assert tried(struck, [counted]) == [""]
    made = len(shim.calls_made(log))
    assert made, f"no {calls} was seen"
    every = [*range(1, made + 1)]
    numbers = sorted(random.Random(SEED).sample(every, min(amount(1, 10), made)))
    faults = [shim.fault(calls, f"sig{int(number)}", k, FILES, worker=True) for k in numbers]
    for k, failure in zip(numbers, tried(struck, faults), strict=True):
        with tally.attempt(f"{number.name} at the k-th {calls}, then resume", f"k = {k} of {made}"):
            assert not failure, failure


@whole
def test_a_kill_of_a_fresh_process(tally: Tally, tmp_path: Path, runs_folder: Path) -> None:
    """As a person's worker starts: a new interpreter, killed while it imports or trains."""
    draw = random.Random(SEED)
    for _ in range(amount(0, 6)):
        run = toy(runs_folder, SPEC, dropout=0.3)
        worker = launch.start(run)
        delay = draw.uniform(0, 6)
        with tally.attempt("SIGKILL of a fresh interpreter, then resume", f"after {delay:.2f} s"):
            try:
                worker.wait(delay)
            except subprocess.TimeoutExpired:
                worker.kill()
            worker.wait(HANG)
            if run.status() != "finished":
                live_on(run)
            assert run.status() == "finished"
