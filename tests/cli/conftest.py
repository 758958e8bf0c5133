"""The real command line: runs to start from, processes beside the test, a terminal that can be closed."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from engine.toy_runs import copied, evaluated, toy, trained
from forker import ForkedProgram, Forker
from processes import Start, Terminal, worker_of
from waiting import until

from workbench.runs import store
from workbench.runs.run import Run
from workbench.studies import store as studies


@pytest.fixture(scope="session")
def _runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    folder = tmp_path_factory.mktemp("runs")
    made = {
        "finished": toy(folder, {"train.epochs": 2}),
        "stopped": toy(folder, {"train.epochs": 2, "train.eval_every": 1, "cell.hidden": 64}, cell="lstm", pause=0.02),
    }
    trained(made["finished"])
    trained(made["stopped"], evaluated(made["stopped"]))
    return made


@pytest.fixture
def finished(_runs: dict[str, Run], runs_folder: Path) -> Run:
    """A finished run of the toy."""
    return copied(_runs["finished"], runs_folder, "toy-rnn-finished")


@pytest.fixture
def stopped(_runs: dict[str, Run], runs_folder: Path) -> Run:
    """A run of the toy that was stopped within its first epoch; it has been evaluated, and can go on."""
    return copied(_runs["stopped"], runs_folder, "toy-lstm-stopped")


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pictures of the program's reports are empty."""
    monkeypatch.setenv("WORKBENCH_TEST_UNDRAWN", "1")


@pytest.fixture(autouse=True)
def no_worker_is_left(runs_folder: Path) -> Iterator[None]:
    """Whatever a test leaves running is ended by the number that it wrote itself."""
    yield
    for run in store.listing(runs_folder):
        if run.alive():
            run.request_stop()
            with suppress(AssertionError):
                until(lambda run=run: not run.alive(), "the worker ends", seconds=20)
            if run.alive() and (pid := worker_of(run)):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture(autouse=True)
def no_queue_is_left(no_worker_is_left: None, runs_folder: Path) -> Iterator[None]:
    """Whatever queue a test leaves is asked to stop, before the workers are."""
    yield
    for study in studies.listing(runs_folder):
        if study.queued():
            with suppress(Exception):
                study.request_stop()
            until(lambda study=study: not study.queued(), "the queue ends")


@pytest.fixture
def start(forker: Forker, tmp_path: Path) -> Iterator[Start]:
    """The command line in a process beside the test, its output in pipes."""
    begun: list[ForkedProgram] = []

    def call(*args: object, **env: str) -> ForkedProgram:
        words, around = [str(arg) for arg in args], {**os.environ, "COLUMNS": "120", **env}
        begun.append(forker.popen(words, tmp_path, around, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        return begun[-1]

    yield call
    for process in begun:
        process.kill()
        process.wait()
        process.close()


@pytest.fixture
def terminal(forker: Forker, tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def call(*args: object) -> Terminal:
        opened.append(Terminal(forker, tmp_path, *args))
        return opened[-1]

    yield call
    for one in opened:
        one.process.kill()
        one.process.wait()
        one.hang_up()
