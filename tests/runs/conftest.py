"""A run folder to test with."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench import runs, spec
from workbench.runs import Run
from workbench.spec import RunSpec


@pytest.fixture
def described() -> RunSpec:
    return spec.make("toy", "lstm", {"hidden": 4})


@pytest.fixture
def run(runs_folder: Path, described: RunSpec) -> Run:
    return runs.create(runs_folder, described)
