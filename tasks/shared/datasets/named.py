"""The data folder that the user names. No torch, and no import: the screen needs it before its first paint."""

from __future__ import annotations

import os
from pathlib import Path


def named_folder(option: Path | None = None) -> Path | None:
    """Return the data folder that the user named with ``--data`` or ``WORKBENCH_DATA``."""
    named = option or (Path(os.environ["WORKBENCH_DATA"]) if os.environ.get("WORKBENCH_DATA") else None)
    return named.absolute() if named else None
