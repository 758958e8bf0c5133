"""A run folder to test with."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.config import spec
from workbench.config.spec import RunSpec
from workbench.runs import store
from workbench.runs.run import Run


@pytest.fixture
def described() -> RunSpec:
    return spec.make("toy", "lstm", {"hidden": 4})


@pytest.fixture
def run(runs_folder: Path, described: RunSpec) -> Run:
    return store.create(runs_folder, described)
