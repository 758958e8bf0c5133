"""Ctrl-C or SIGTERM while a training is launched: it is stopped or named, never left unknown."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from processes import Start, the_run
from waiting import HANG, until

from workbench.cli import train
from workbench.cli.stop_signals import StopSignals
from workbench.runs import launch, store
from workbench.runs.run import Run


def struck(number: signal.Signals, real: Callable[..., Any], *, before: bool) -> Callable[..., Any]:
    """The function, with a signal to this process before or after it."""

    def call(*args: Any, **kwargs: Any) -> Any:
        if before:
            os.kill(os.getpid(), number)
        result = real(*args, **kwargs)
        if not before:
            os.kill(os.getpid(), number)
        return result

    return call


@pytest.mark.parametrize(
    ("module", "name", "before", "number"),
    [
        (store, "create", True, signal.SIGINT),
        (launch.subprocess, "Popen", False, signal.SIGTERM),
        (launch, "start", False, signal.SIGINT),
    ],
)
def test_a_training_that_is_being_launched_is_stopped(
    monkeypatch: pytest.MonkeyPatch, runs_folder: Path, capsys, module: Any, name: str, before: bool, number
) -> None:
    monkeypatch.setattr(module, name, struck(number, getattr(module, name), before=before))
    with pytest.raises(typer.Exit) as ended:
        train.train("toy", headless=True, epochs=1000, set_=["task.pause=0.05"])
    (run,) = store.listing(runs_folder)
    assert ended.value.exit_code == 0
    assert (run.status(), run.alive()) == ("stopped", False)
    assert "Stopping: the run saves a checkpoint and ends." in capsys.readouterr().err


def test_a_training_in_the_background_is_named(monkeypatch: pytest.MonkeyPatch, runs_folder: Path, capsys) -> None:
    monkeypatch.setattr(launch, "start", struck(signal.SIGINT, launch.start, before=False))
    train.train("toy", detach=True, max_steps=1)
    (run,) = store.listing(runs_folder)
    assert capsys.readouterr().out == f"{run.id}\n"
    until(lambda: run.status() == "finished", "the training ends")


def test_the_last_signal_is_told_once_and_the_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with StopSignals() as signals:
        assert signals.take() == 0
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.take() == signal.SIGTERM
        assert signals.take() == 0
    assert before == (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT))


def test_a_folder_that_goes_while_it_is_watched_is_told(start: Start, runs_folder: Path) -> None:
    watcher = start("train", "toy", "--headless", "--epochs", 1000, "--set", "task.pause=0.05")
    run = the_run(runs_folder)
    shutil.rmtree(run.path, ignore_errors=True)
    shutil.rmtree(run.path, ignore_errors=True)
    _, err = watcher.communicate(timeout=HANG)
    assert watcher.returncode == 1
    assert err.splitlines()[-1] == (
        f"workbench: The folder of run {run.id} is gone: {run.path} was moved or deleted while it trained."
    )
    assert "Traceback" not in err


@pytest.mark.parametrize("option", ["max_steps", "epochs"])
def test_more_steps_written_into_a_finished_run_are_one_sentence(workbench, finished: Run, option: str) -> None:
    text = finished.spec_file.read_text()
    changed = text.replace(f'"{option}": {getattr(finished.spec.train, option)}', f'"{option}": 500')
    assert changed != text
    finished.spec_file.write_text(changed)
    result = workbench("resume", finished.id, "--headless")
    assert result.returncode == 1
    assert result.stderr == (
        f"workbench: {finished.spec_file} says train.{option}=500, but the run was trained with "
        f"{getattr(finished.spec.train, option)}: write that back, or train anew with `workbench train`.\n"
    )


def test_a_run_that_is_gone_is_not_resumed(workbench, stopped: Run) -> None:
    shutil.rmtree(stopped.path)
    result = workbench("resume", stopped.path, "--headless")
    assert result.returncode == 2
    assert result.stderr == f"workbench: {stopped.path} is not a run's folder: it holds no spec.json.\n"
    stopped.path.mkdir()
    assert workbench("resume", stopped.id).returncode == 2
