"""A hang-up, a closed terminal, a dead watcher stop no training; Ctrl-C and SIGTERM stop it as asked."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from processes import Start, Terminal, the_run, worker_of
from waiting import HANG, until

from workbench.render.terminal_gone import EXIT_CODE
from workbench.runs.history import read_history
from workbench.runs.run import Run

ENDLESS = ("train", "toy", "--headless", "--epochs", 1000, "--set", "task.pause=0.05")
Open = Callable[..., Terminal]


def ends(run: Run) -> str:
    return until(lambda: not run.alive() and run.status(), "the worker ends")


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A training that is told of it goes on for as long as it is there."""
    file = tmp_path / "gate"
    file.touch()
    return file


def held(gate: Path) -> tuple[object, ...]:
    return ("train", "toy", "--headless", "--epochs", 2, "--set", f"task.gate={gate}")


def finishes_whole(run: Run, gate: Path) -> None:
    """The run is alive now, and then finishes in the same life."""
    assert run.status() == "running"
    gate.unlink()
    assert ends(run) == "finished"
    history = read_history(run.events_file)
    assert (history.started.from_step, history.ended.step) == (0, 24)
    assert [e.step for e in history.evals] == [12, 24]


def close_the_terminal(terminal: Terminal, _: Run) -> None:
    terminal.hang_up()
    # the watcher had this terminal, and died of it: of the signal, or of what it could not write, whichever came first
    assert terminal.ended() in (-signal.SIGHUP, 1, EXIT_CODE)


def kill_the_watcher(terminal: Terminal, _: Run) -> None:
    terminal.process.kill()
    assert terminal.ended() == -signal.SIGKILL


def hang_up_the_worker(terminal: Terminal, run: Run) -> None:
    worker = worker_of(run)
    assert os.getsid(worker) != os.getsid(terminal.process.pid)
    os.kill(worker, signal.SIGHUP)
    os.kill(worker, signal.SIGINT)
    terminal.process.kill()


@pytest.mark.parametrize("blow", [close_the_terminal, kill_the_watcher, hang_up_the_worker])
def test_the_training_goes_on(
    terminal: Open, runs_folder: Path, gate: Path, blow: Callable[[Terminal, Run], Any]
) -> None:
    watcher = terminal(*held(gate))
    watcher.expect("Training on CPU")
    run = the_run(runs_folder)
    blow(watcher, run)
    finishes_whole(run, gate)


def test_sigterm_to_the_worker_stops_and_keeps(start: Start, runs_folder: Path) -> None:
    watcher = start(*ENDLESS)
    run = the_run(runs_folder)
    until(lambda: read_history(run.events_file).step > 3, "some steps")
    os.kill(worker_of(run), signal.SIGTERM)
    assert ends(run) == "stopped"
    assert watcher.wait(HANG) == 0
    history = read_history(run.events_file)
    assert history.checkpoint.step == history.ended.step > 3
    assert run.best_file.exists()


def test_ctrl_c_asks_and_cancel_keeps_watching_and_stop_keeps_a_checkpoint(terminal: Open, runs_folder: Path) -> None:
    watcher = terminal(*ENDLESS)
    watcher.expect("Training on CPU")
    run = the_run(runs_folder)
    watcher.type("\x03")
    watcher.expect("What now?")
    watcher.expect("s, d or c? ")
    watcher.type("what\n")
    watcher.expect("s, d or c? ")
    watcher.type("c\n")
    step = read_history(run.events_file).step
    until(lambda: read_history(run.events_file).step > step, "the training goes on")
    watcher.expect("loss ")  # it is watched again
    assert run.status() == "running"
    assert watcher.process.poll() is None
    watcher.type("\x03")
    watcher.expect("s, d or c? ")
    watcher.type("s\n")
    watcher.expect("Stopping: the run saves a checkpoint and ends.")
    watcher.expect(f"Run {run.id} stopped at step")
    assert watcher.ended() == 0
    assert run.status() == "stopped"
    assert run.best_file.exists()
    assert run.last_file.exists()
    assert "Traceback" not in watcher.read()


def test_ctrl_c_and_detach_leave_the_training_running(terminal: Open, runs_folder: Path, gate: Path) -> None:
    watcher = terminal(*held(gate))
    watcher.expect("Training on CPU")
    run = the_run(runs_folder)
    watcher.type("\x03")
    watcher.expect("s, d or c? ")
    watcher.type("d\n")
    watcher.expect("goes on in the background: `workbench watch")
    assert watcher.ended() == 0
    finishes_whole(run, gate)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_without_a_terminal_a_signal_stops_and_keeps(start: Start, runs_folder: Path, number: signal.Signals) -> None:
    watcher = start(*ENDLESS, "--json")
    run = the_run(runs_folder)
    until(lambda: read_history(run.events_file).step > 3, "some steps")
    watcher.send_signal(number)
    out, err = watcher.communicate(timeout=HANG)
    assert watcher.returncode == 0, err
    assert "Stopping: the run saves a checkpoint and ends." in err
    assert "Traceback" not in err
    told = msgspec.json.decode(out.splitlines()[-1])
    assert (told["run"], told["status"], told["test"]) == (run.id, "stopped", None)
    assert told["epochs"] > 0
    assert run.status() == "stopped"
    assert run.last_file.exists()
    assert run.best_file.exists()


def test_ctrl_c_while_watching_leaves_the_training_alone(start: Start, runs_folder: Path) -> None:
    owner = start(*ENDLESS)
    run = the_run(runs_folder)
    watcher = start("watch", run.id)
    assert b"Training on CPU" in watcher.stderr.readline()
    watcher.send_signal(signal.SIGINT)
    assert watcher.wait(HANG) == 130
    assert run.status() == "running"
    owner.send_signal(signal.SIGTERM)
    assert owner.wait(HANG) == 0
