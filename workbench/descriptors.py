"""File descriptors 0, 1 and 2, opened when this module is imported: before anything else opens a file.

Where one of them was closed by whoever started the program, the next file that is opened takes its number: a run's
lock would be what a child takes for its stdout. No import of this project's, nor a heavy one.
"""

from __future__ import annotations

import os
import sys

_NAMES = ("stdin", "stdout", "stderr")
closed: set[int] = set()  # those that were closed when the program began


def guard() -> None:
    """Open the null device on each of the three that is closed, and give Python a stream on it."""
    for number, name in enumerate(_NAMES):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number that is free: this one
            closed.add(number)
        if getattr(sys, name) is None:
            stream = open(number, "w" if number else "r", encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


guard()
