"""Branching: a new run that goes on from a checkpoint of another with other settings. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from workbench.config.branching import branched
from workbench.config.spec import Parent, RunSpec, SpecError
from workbench.runs import checkpoints, store
from workbench.runs.checkpoints import Position, saved_position, saved_step
from workbench.runs.folder import RunError, open_regular
from workbench.runs.history import LatestEvents
from workbench.runs.locations import PRETRAINED
from workbench.runs.metadata import RunMetadata
from workbench.runs.run import Run


class _Source(NamedTuple):
    """An open checkpoint: a running parent may replace the file, and what was opened stays as it is."""

    file: BinaryIO
    step: int
    position: Position | None  # none of weights alone


def begin(run: Run, at: str, values: Mapping[str, object], folder: Path, metadata: RunMetadata | None = None) -> Run:
    """Create a branch of a run, ready to be started: it holds all that it needs, and its parent may go.

    Args:
        at: ``best``, ``last``, or the step of an evaluation that is kept.
        values: settings to change, by dotted key.
        folder: where runs are kept.

    Raises:
        SpecError: a setting is unknown, cannot change in a branch, or leaves nothing to train.
        RunError: there is no such checkpoint, it is damaged, or the folder cannot be written.
    """
    with ExitStack() as stack:
        try:
            source = _open(run, at, stack)
            described = _described(run, source, values, folder)
            copies = {"start.pt" if source.position else "start.safetensors": source.file}
            for file in (run.task_file, run.tensors_file):
                with suppress(FileNotFoundError):
                    copies[file.name] = stack.enter_context(open_regular(file))
        except OSError as error:
            raise RunError(f"Run {run.id} cannot be read: {error.strerror} ({error.filename}).") from None
        source.file.seek(0)
        return store.create(folder, described, metadata, copies=copies)


def describe(run: Run, at: str, values: Mapping[str, object], folder: Path) -> RunSpec:
    """Return the description of the branch that ``begin`` would create; nothing is written.

    Raises:
        SpecError, RunError: as ``begin``.
    """
    with ExitStack() as stack:
        try:
            return _described(run, _open(run, at, stack), values, folder)
        except OSError as error:
            raise RunError(f"Run {run.id} cannot be read: {error.strerror} ({error.filename}).") from None


def _described(run: Run, source: _Source, values: Mapping[str, object], folder: Path) -> RunSpec:
    here = run.path.parent == folder or run.path.parent.name == PRETRAINED
    parent = Parent(run=run.id if here else str(run.path), step=source.step, weights_only=source.position is None)
    described = branched(run.spec, values, parent)
    _check_rest(run, described, source)
    return described


def _open(run: Run, at: str, stack: ExitStack) -> _Source:
    """Open a checkpoint; of the best weights one with the whole state, where one of that step is kept.

    Raises:
        RunError: there is none, or it is damaged.
        OSError: it cannot be read.
    """
    path = checkpoints.file_at(run, at)
    if path != run.best_file:
        file = stack.enter_context(open_regular(path))
        position = saved_position(file, path)
        return _Source(file, position.step, position)
    try:
        file = stack.enter_context(open_regular(path))
    except FileNotFoundError:
        raise RunError(f"Run {run.id} has no best weights yet: let it reach its first evaluation.") from None
    step = saved_step(file, path)
    for name in (f"{step}", checkpoints.LAST):
        with suppress(RunError, FileNotFoundError):
            whole = _open(run, name, stack)
            if whole.step == step:
                return whole
    return _Source(file, step, None)


def _check_rest(run: Run, described: RunSpec, source: _Source) -> None:
    """Refuse a branch that would have nothing to train.

    Raises:
        SpecError: it has made its epochs or steps already.
    """
    train, step = described.train, source.step
    started = LatestEvents(run.events_file).read().started
    if train.max_steps and step >= train.max_steps:
        raise SpecError(
            f"Step {step:,} of run {run.id} is the last of train.max_steps={train.max_steps}: raise --max-steps, or "
            "branch from an earlier one with --at."
        )
    if started is None or not train.epochs:
        return
    position = source.position or Position(step, *divmod(step, max(1, started.steps_per_epoch)))
    epochs = position.epoch + position.batch / max(1, started.steps_per_epoch)
    if epochs >= train.epochs and step >= train.min_steps:
        raise SpecError(
            f"Step {step:,} of run {run.id} is the last of train.epochs={train.epochs}: raise --epochs, or branch "
            f"from an earlier one with --at."
        )
