"""A trained run of the toy to report on, and pictures that take no time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from engine.toy_runs import copied, toy, trained

from workbench.report import pictures
from workbench.runs.run import Run


@pytest.fixture
def undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are empty files, unless a test asks for them: drawing takes a second each."""

    def empty(runs: Any, kind: str, style: Any, path: Path, labels: Any = ()) -> list[str]:
        path.write_bytes({".svg": b"<svg/>", ".png": b"\x89PNG", ".pdf": b"%PDF"}[path.suffix])
        return []

    if "drawn" not in request.fixturenames:
        monkeypatch.setattr(pictures, "draw", empty)


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
