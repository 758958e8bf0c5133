"""Folders that hold runs. No torch."""

from __future__ import annotations

import os
from pathlib import Path

PRETRAINED = "pretrained"
LATEST = "last"  # in place of the name of the newest run or study


def root(option: Path | None = None) -> Path:
    """Return the folder of the runs: ``--runs``, else ``WORKBENCH_RUNS``, else ``./checkpoints``."""
    return (option or Path(os.environ.get("WORKBENCH_RUNS") or "checkpoints")).absolute()


def shipped() -> Path:
    """Return the folder of the program's own models: in the installed package, else in the checkout."""
    package = Path(__file__).parents[1]
    return package / PRETRAINED if (package / PRETRAINED).is_dir() else package.parent / "checkpoints" / PRETRAINED


def run_id(folder: Path) -> str:
    """Return a run's id: the name of its folder; ``pretrained/NAME`` for a pretrained model."""
    return f"{PRETRAINED}/{folder.name}" if folder.parent.name == PRETRAINED else folder.name
