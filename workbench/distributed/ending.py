"""End of a process that trained with others. No torch."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

_several: list[int] = []  # numbers of processes with which this one has trained


def note_others(size: int) -> None:
    """Note that this process trains with others, over a process group of torch's."""
    _several.append(size)


def end_process(code: int) -> NoReturn:
    """End this process with an exit code.

    One that trained with others ends without taking the interpreter down: threads of gloo's, which torch leaves behind,
    abort the process now and then (``terminate called without an active exception``).
    """
    if _several:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
