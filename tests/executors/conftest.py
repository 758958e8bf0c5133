"""Fixtures of the tests of executors."""

from __future__ import annotations

from pathlib import Path

import pytest
from executors.fake_slurm import FakeSlurm


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    """Slurm's commands on PATH: job 7 is what every submission becomes."""
    return FakeSlurm(tmp_path / "slurm-commands", monkeypatch)
