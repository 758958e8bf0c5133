"""A trained run of the toy to report on, and pictures that take no time."""

from __future__ import annotations

from pathlib import Path

import pytest
import undrawn as undrawn_pictures
from engine.toy_runs import copied, toy, trained

from workbench.report import pictures
from workbench.runs.run import Run


@pytest.fixture
def undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are empty, unless a test asks for them."""
    if "drawn" not in request.fixturenames:
        monkeypatch.setattr(pictures, "draw", undrawn_pictures.draw)


@pytest.fixture
def drawn() -> None:
    """The pictures are drawn."""


@pytest.fixture(scope="module")
def trained_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = toy(tmp_path_factory.mktemp("reports"), {"train.epochs": 2})
    trained(run)
    return run


@pytest.fixture
def run(trained_run: Run, runs_folder: Path) -> Run:
    return copied(trained_run, runs_folder, "toy-rnn-one")
