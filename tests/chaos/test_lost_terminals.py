"""A terminal that goes without a hang-up signal: the screen, the prompt and ``watch`` end; trainings live on."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from chaos.living import holders
from chaos.programs import Program
from chaos.tally import Tally, amount, whole
from forker import ForkedProgram
from waiting import until

from workbench.runs import store
from workbench.runs.run import Run

# seconds of its own computing that a program may need to notice; one that spins has used them in as many seconds
SPINNING = 4.0
GONE = 30.0  # seconds: as soon as it is noticed on an idle machine, two at most


class Pseudo:
    """A program on a pseudo-terminal that is not its session's: when it goes, no signal comes."""

    def __init__(self, program: Program, *args: object, session: bool) -> None:
        self.master, slave = os.openpty()
        os.set_blocking(self.master, False)
        files = {"stdin": slave, "stdout": slave, "stderr": slave, "terminal": session}
        env = {"TERM": "xterm-256color", "LINES": "36"}
        self.process: ForkedProgram = program.start(*args, files=files, **env)
        os.close(slave)
        self.seen = b""

    def read(self) -> bytes:
        try:
            while chunk := os.read(self.master, 65536):
                self.seen += chunk
        except BlockingIOError:
            pass
        return self.seen

    def close(self) -> None:
        if self.master >= 0:
            os.close(self.master)
        self.master = -1


@pytest.fixture
def opened(program: Program) -> Iterator[list[Pseudo]]:
    every: list[Pseudo] = []
    yield every
    for one in every:
        one.close()
        one.process.kill()
        one.process.wait()


def command(name: str, run: Run) -> tuple[tuple[object, ...], bytes]:
    """Words of the command, and what it shows when it is ready."""
    return {
        "the screen": ((), b"Lab"),
        "watch": (("watch", run.id), b"train"),
        "the prompt": (("poem", "pretrained/poems-lstm"), b"poems-lstm"),
        "train on the screen": (("train", "toy", "--epochs", 1000, "--set", "task.pause=0.05"), b"train"),
    }[name]


NAMES = ["the screen", "watch", "the prompt", "train on the screen"]


@pytest.mark.parametrize("session", [False, True][: amount(1, 2)], ids=lambda own: "a signal" if own else "no signal")
@pytest.mark.parametrize("name", ["watch"] if amount(0, 1) == 0 else NAMES)
def test_it_ends_with_its_terminal(
    tally: Tally, program: Program, finished: Run, opened: list[Pseudo], name: str, session: bool
) -> None:
    words, ready = command(name, finished)
    how = "with a signal" if session else "without a signal"
    for _ in range(amount(1, 3)):
        with tally.attempt(f"a terminal that goes {how}", name):
            one = Pseudo(program, *words, session=session)
            opened.append(one)
            until(lambda one=one: ready in one.read() or one.process.poll() is not None, f"{name} is ready", seconds=60)
            assert one.process.poll() is None, f"{name} ended by itself: {one.seen[-600:]!r}"
            of = psutil.Process(one.process.pid)
            before = sum(of.cpu_times()[:2])
            one.close()
            began, used = time.monotonic(), 0.0
            while one.process.poll() is None:
                used = sum(of.cpu_times()[:2]) - before if of.is_running() else used
                waited = time.monotonic() - began
                assert used < SPINNING, f"{name} spins: {used:.1f} s of computing in {waited:.1f} s after its terminal"
                assert waited < GONE, f"{name} is still there {GONE:.0f} s after its terminal"
                time.sleep(0.02)


@whole
def test_a_train_on_the_screen_lives_on(
    tally: Tally, program: Program, opened: list[Pseudo], runs_folder: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    with tally.attempt("the training of a screen whose terminal goes", "train toy"):
        one = Pseudo(program, "train", "toy", "--set", f"task.gate={gate}", session=False)
        opened.append(one)
        until(lambda: (one.read(), runs_folder.exists() and holders(runs_folder))[1], "a training lives", seconds=60)
        until(lambda: b"train" in one.read(), "the screen is there", seconds=60)
        one.close()
        gate.unlink()
        until(lambda: not [p for p in holders(runs_folder) if p != one.process.pid], "the training ends", seconds=60)
        assert store.listing(runs_folder)[0].status() == "finished"
