"""Sentences for the errors that end a training: what happened, where, and what to do."""

from __future__ import annotations

import errno

from tasks.base import PlainError
from workbench.config.plugin_errors import located
from workbench.engine.state import TrainingState
from workbench.runs.run import Run

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def explain(error: BaseException, run: Run, state: TrainingState) -> str:
    """Return one sentence for an error that ended a training at ``state``."""
    if isinstance(error, PlainError):
        return str(error)
    if isinstance(error, OSError) and error.errno in _FULL:
        return (
            f"The disk that holds {run.path} is full (step {state.step}): free some space, then "
            f"`workbench resume {run.command_name}`. What was saved before is untouched."
        )
    # by name and text: torch raises CUDA's out-of-memory as one class and the CPU allocator's as a RuntimeError
    if isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__ or "not enough memory" in str(error):
        options = run.spec.train
        where = "The GPU" if "CUDA" in str(error) or "OutOfMemory" in type(error).__name__ else "This machine"
        return (
            f"{where} ran out of memory at step {state.step}: start again with a smaller --batch-size (it is "
            f"{options.batch_size}) or --hidden (it is {run.spec.options.hidden}). What was saved before is untouched."
        )
    if "could not create a primitive" in str(error):  # oneDNN's, on a CPU without that arithmetic
        return (
            f"This CPU cannot compute {run.spec.cell} in {run.spec.train.precision}: start again with "
            "--set train.precision=fp32, or with a hand-written cell."
        )
    if place := located(error):
        return f"The training broke off at step {state.step}: {place}. The traceback is in {run.log_file}."
    first = (str(error) or type(error).__name__).splitlines()[0]
    return f"The training broke off at step {state.step} by a defect ({first}): the traceback is in {run.log_file}."
