"""SIGINT or SIGTERM while a training is launched: what lives on was named, and nothing else lives."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chaos import shim
from chaos.living import end_all, holders
from chaos.programs import LIMIT, Program, Told
from chaos.tally import SEED, Tally, amount, some, whole
from engine.toy_runs import copied
from forker import ForkedProgram
from waiting import until

from workbench.runs import store
from workbench.runs.run import Run

PROGRAM = str(Path(sys.executable).with_name("workbench"))
ENDLESS = ("--epochs", 100_000, "--set", "task.pause=0.02")
MODES = ("train --headless", "train --json", "train --detach", "resume --headless", "resume --detach")
SIGNALS = (signal.SIGINT, signal.SIGTERM)
Started = ForkedProgram | subprocess.Popen[bytes]
Start = Callable[..., Started]


def command(mode: str, run: Run) -> list[object]:
    verb, flag = mode.split()
    return ["train", "toy", flag, *ENDLESS] if verb == "train" else ["resume", run.id, flag]


def settled(folder: Path) -> bool:
    """Return whether every training that lives will go on living: none was asked to end."""
    return not any((folder / run / "STOP").exists() for runs in holders(folder).values() for run in runs)


def check(told: Told, folder: Path, before: set[str]) -> None:
    """Check that each run that was begun is named where it lives or its folder is left."""
    begun = "workbench/cli/__init__.py" in told.err  # else the signal met the test's own preparations
    assert "Traceback" not in told.both or not begun, str(told)
    assert "defect of Workbench" not in told.both, str(told)
    until(lambda: settled(folder), "trainings that were asked to stop end", seconds=60)
    living = {run for runs in holders(folder).values() for run in runs}
    unseen = [run for run in living if run not in told.both]
    assert not unseen, f"a training lives that nobody was told of: {unseen}\n{told}"
    left = [run.id for run in store.listing(folder) if run.id not in before and run.id not in told.both]
    assert not left, f"a run is left that nobody was told of: {left}\n{told}"


def interrupted(
    start: Start, words: list[object], number: signal.Signals | None, delay: float, **env: str
) -> tuple[Told, float]:
    """Start a command and send it a signal after a delay; what it told, and for how long it lived."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        child = start(words, out.fileno(), err.fileno(), env)
        while child.poll() is None and time.monotonic() < began + delay:
            time.sleep(0.001)
        if child.poll() is None and number:
            child.send_signal(number)
        try:
            code = child.wait(LIMIT)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            raise
        lived = time.monotonic() - began
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="backslashreplace"))
    return Told(" ".join(map(str, words)), code, *texts), lived


def forked(program: Program) -> Start:
    def start(words: list[object], out: int, err: int, env: dict[str, str]) -> Started:
        return program.start(*words, files={"stdout": out, "stderr": err}, **env)

    return start


def fresh(words: list[object], out: int, err: int, env: dict[str, str]) -> Started:
    def heard() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background ignores it

    return subprocess.Popen(
        [PROGRAM, *map(str, words)], stdin=subprocess.DEVNULL, stdout=out, stderr=err, preexec_fn=heard
    )


def try_one(
    tally: Tally, start: Start, stopped: Run, mode: str, number: signal.Signals, delay: float, what: str, **env: Any
) -> None:
    folder = stopped.path.parent
    run = copied(stopped, folder, f"toy-rnn-copy-{random.getrandbits(32)}") if mode.startswith("resume") else stopped
    before = {one.id for one in store.listing(folder)} - {run.id}
    with tally.attempt(f"{number.name} while a training is launched", f"{mode}, {what}"):
        told, _ = interrupted(start, command(mode, run), number if delay else None, delay, **env)
        if run is not stopped and not any(run.id in names for names in holders(folder).values()):
            before.add(run.id)  # a resume that was broken off leaves the run as it was
        check(told, folder, before | {stopped.id})
    end_all(folder)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("mode", some(list(MODES), 1))
def test_at_an_instant_of_the_launch(
    tally: Tally, program: Program, stopped: Run, mode: str, number: signal.Signals
) -> None:
    start = forked(program)
    words = command("train --detach", stopped)
    lived = interrupted(start, words, None, 0)[1]  # how long a launch takes on this machine now
    end_all(stopped.path.parent)
    draw = random.Random(f"{SEED}{mode}{number}")
    for _ in range(amount(2, 7)):
        delay = draw.uniform(0.01, 1.3 * lived)
        try_one(tally, start, stopped, mode, number, delay, f"after {delay:.3f} s")


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("mode", some(list(MODES), 1))
def test_at_a_system_call_of_the_launcher(
    tally: Tally, struck: Program, stopped: Run, tmp_path: Path, mode: str, number: signal.Signals
) -> None:
    """The signal comes as the launcher opens, writes, locks or renames a run's file: the same instant every time."""
    start = forked(struck)
    log = tmp_path / "calls"
    calls, path = "open,write,rename,flock,mkdir,fsync", "*/runs/*"
    interrupted(start, command("train --detach", stopped), None, 0, **shim.fault(calls, "sig0", 0, path, log=log))
    end_all(stopped.path.parent)
    made = max(int(line.split()[1]) for line in shim.calls_made(log)[:60])
    draw = random.Random(f"{SEED}{mode}{number}")
    for k in draw.sample(range(1, made + 1), min(made, amount(1, 4))):
        around = shim.fault(calls, f"sig{int(number)}", k, path)
        # a launcher that takes the signal as a wish to detach is told to end after a while
        try_one(tally, start, stopped, mode, number, 20.0, f"at call {k} of {made}", **around)


@whole
def test_a_fresh_interpreter(tally: Tally, stopped: Run) -> None:
    draw = random.Random(SEED)
    for mode in MODES[:3]:
        for number in SIGNALS:
            delay = draw.uniform(0.2, 1.5)
            try_one(tally, fresh, stopped, mode, number, delay, f"after {delay:.3f} s, a fresh interpreter")
