"""Runs of the toy to start from, made once."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine.toy_runs import copied, evaluated, toy, trained

from workbench.runs.run import Run


@pytest.fixture(scope="session")
def _stopped(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = toy(tmp_path_factory.mktemp("stopped"), {"train.epochs": 2, "train.eval_every": 1}, pause=0.02)
    trained(run, evaluated(run))
    assert run.status() == "stopped"
    return run


@pytest.fixture
def stopped(_stopped: Run, runs_folder: Path) -> Run:
    """A run that was stopped in its first epoch, evaluated and saved, and can go on."""
    return copied(_stopped, runs_folder)
