"""Log of a queue: lines with their times."""

from __future__ import annotations

import time


def say(line: str) -> None:
    """Print a line of the log."""
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}", flush=True)
