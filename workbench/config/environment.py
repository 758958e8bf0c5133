"""Environment variables that switch how the program shows things, and the sentence that names one of them."""

from __future__ import annotations

from typing import Final

DEBUG: Final = "WORKBENCH_DEBUG"  # shows tracebacks
ASCII: Final = "WORKBENCH_ASCII"  # draws the screen with ASCII alone


def defect(error: BaseException) -> str:
    """Return the sentence that reports an error which no code handles."""
    first = (str(error) or type(error).__name__).splitlines()[0]
    return f"This is a defect of Workbench ({type(error).__name__}: {first}): {DEBUG}=1 shows the traceback."
