"""Sentences for the errors that end a training: what happened, where, and what to do."""

from __future__ import annotations

import errno
from pathlib import Path

from tasks.base import PlainError
from workbench.config.plugin_errors import located
from workbench.engine.checkpoint import out_of_memory
from workbench.engine.state import TrainingState
from workbench.runs.run import Run

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_UNTOUCHED = "What was saved before is untouched."


def explain(error: BaseException, run: Run, state: TrainingState) -> str:
    """Return one sentence for an error that ended a training at ``state``."""
    if isinstance(error, PlainError):
        return str(error)
    if isinstance(error, OSError) and (sentence := _disk(error, run, state)):
        return sentence
    if out_of_memory(error):
        return _memory(error, run, state)
    if "could not create a primitive" in str(error):  # oneDNN's, on a CPU without that arithmetic
        return (
            f"This CPU cannot compute {run.spec.cell} in {run.spec.train.precision}: start again with "
            "--set train.precision=fp32, or with a hand-written cell."
        )
    if place := located(error):
        return f"The training broke off at step {state.step}: {place}. The traceback is in {run.log_file}."
    first = (str(error) or type(error).__name__).splitlines()[0]
    return f"The training broke off at step {state.step} by a defect ({first}): the traceback is in {run.log_file}."


def _disk(error: OSError, run: Run, state: TrainingState) -> str:
    """Return the sentence for an error of the file system; empty: it is another one."""
    place = Path(str(error.filename)) if error.filename else run.path
    resume = f"`workbench resume {run.command_name}`"
    while_doing = f"while {state.activity}, at step {state.step}"
    if not run.path.is_dir():
        return (
            f"{run.path} was moved or deleted under the training ({while_doing}), which ended by it: put the folder "
            f"back, or resume it by its new path. Nothing was written elsewhere."
        )
    if error.errno in _FULL:
        full = "is full for you, by your quota," if error.errno == errno.EDQUOT else "is full"
        space = f"(step {state.step}): free some space, then {resume}"
        return f"The disk that holds {run.path} {full} {space}. {_UNTOUCHED}"
    if error.errno == errno.EROFS:
        return (
            f"{place} cannot be written ({while_doing}): its file system is read-only now. Have it mounted for "
            f"writing again, then {resume}. {_UNTOUCHED}"
        )
    if error.errno == errno.EIO:
        return (
            f"The disk failed at {place} ({while_doing}: {error.strerror}): look at the disk or the network drive, "
            f"then {resume}. {_UNTOUCHED}"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            f"{place} cannot be used ({while_doing}): you may not. Change its permissions, then {resume}. {_UNTOUCHED}"
        )
    if error.errno == errno.ENOENT and place.parent == run.path:
        return (
            f"{place} disappeared under the training ({while_doing}): put it back, then {resume}. Other files are "
            "untouched."
        )
    if error.errno is not None and (error.filename or error.errno == errno.ESTALE):
        return f"{place} cannot be used ({while_doing}: {error.strerror}): mend that, then {resume}. {_UNTOUCHED}"
    return ""


def _memory(error: BaseException, run: Run, state: TrainingState) -> str:
    """Return the sentence for memory that ran out, with the cure for what was being done."""
    where = "The GPU" if "CUDA" in str(error) or "OutOfMemory" in type(error).__name__ else "This machine"
    options, settings = run.spec.train, run.spec.options
    size = f"--hidden (it is {settings.hidden})"
    if settings.layers > 1:
        size += f" or --layers (it is {settings.layers})"
    cures = {
        "reading the data": "free some memory, or give smaller data",
        "building the network": f"start again with a smaller {size}",
        "reading the checkpoint": f"free some memory, then `workbench resume {run.command_name}`",
        "saving": f"free some memory, then `workbench resume {run.command_name}`",
        "measuring the baselines": f"free some memory, then `workbench resume {run.command_name}`",
    }
    batch = f"start again with a smaller --batch-size (it is {options.batch_size}) or {size}"
    doing = "" if state.activity == "training" else f" while {state.activity}"
    return f"{where} ran out of memory{doing} at step {state.step}: {cures.get(state.activity, batch)}. {_UNTOUCHED}"
