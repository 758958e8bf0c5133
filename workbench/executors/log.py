"""Log of a queue: lines with their times."""

from __future__ import annotations

import time
from contextlib import suppress

from workbench.render.text import printable


def say(line: str) -> None:
    """Print a line of the log."""
    with suppress(OSError):  # a full disk
        print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {printable(line)}", flush=True)
