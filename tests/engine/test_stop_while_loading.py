"""A stop is heard while data are read, before the first step, and the run can be resumed."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from engine.toy_runs import after, only, toy, trained
from waiting import HANG

import tasks
from workbench.engine import loop
from workbench.runs.events import Finished, Started, Stopped
from workbench.runs.run import Run


@pytest.fixture
def run(runs_folder: Path) -> Run:
    return toy(runs_folder)


def endless(*_: object, **__: object) -> Any:
    threading.Event().wait(HANG)
    pytest.fail("the stop was not heard")


@pytest.mark.parametrize("at", ["load", "build", "initialise"])
def test_a_stop_before_the_first_step_ends_the_run_there(run: Run, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_STOP_CHECK_SECONDS", 0.001)
    with monkeypatch.context() as slow:
        slow.setattr(tasks.load("toy"), at, endless)
        (stopped,) = trained(run, lambda: True)
    assert isinstance(stopped, Stopped)
    assert (stopped.step, stopped.epochs) == (0, 0.0)
    assert run.status() == "stopped"
    assert only(Finished, trained(run))


def test_a_stop_while_a_resumed_run_reads_its_data_keeps_its_place(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_STOP_CHECK_SECONDS", 0.0)
    (first,) = only(Stopped, trained(run, after(6)))
    monkeypatch.setattr(loop, "_STOP_CHECK_SECONDS", 0.001)
    with monkeypatch.context() as slow:
        slow.setattr(tasks.load("toy"), "build", endless)
        (again,) = trained(run, lambda: True)
    assert isinstance(again, Stopped)
    assert again.step == first.step > 0
    events = trained(run)
    assert only(Started, events)[0].from_step == first.step
    assert only(Finished, events)


def test_a_stop_while_the_baselines_are_measured_is_heard(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_STOP_CHECK_SECONDS", 0.001)
    measuring = False

    def baseline(*_: object, cached_only: bool = False) -> Any:
        nonlocal measuring
        if cached_only:
            return {}
        measuring = True
        return endless()

    with monkeypatch.context() as slow:
        slow.setattr(tasks.load("toy"), "baseline", baseline)
        events = trained(run, lambda: measuring)
    assert isinstance(events[-1], Stopped)
    assert not only(Finished, events)
    assert only(Finished, trained(run))
