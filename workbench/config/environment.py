"""Environment variables that switch how the program shows things, and the sentence that names one of them."""

from __future__ import annotations

from typing import Final

from tasks.base import PlainError
from workbench.config.plugin_errors import located

DEBUG: Final = "WORKBENCH_DEBUG"  # shows tracebacks
ASCII: Final = "WORKBENCH_ASCII"  # draws the screen with ASCII alone


def unexpected(error: BaseException) -> str:
    """Return the sentence for an error that nothing else has explained.

    One raised in a user's own cell or task names its line, the machine's own says what it is; the rest are defects.
    """
    if isinstance(error, PlainError):
        return str(error)
    if place := located(error):
        return f"{place}. {DEBUG}=1 shows the traceback."
    if isinstance(error, OSError) and error.strerror:
        named = f"{error.filename} cannot be used" if error.filename is not None else "The machine refused something"
        return f"{named}: {error.strerror}. {DEBUG}=1 shows the traceback."
    if isinstance(error, MemoryError):
        return f"This machine ran out of memory. {DEBUG}=1 shows the traceback."
    first = (str(error) or type(error).__name__).splitlines()[0]
    return f"This is a defect of Workbench ({type(error).__name__}: {first}): {DEBUG}=1 shows the traceback."
