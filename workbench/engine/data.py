"""A run's data and task, read from where its spec says."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from torch import Generator, Tensor

import tasks
from tasks.base import AnyTask, Data, DataError, State
from tasks.shared.datasets import locations
from tasks.shared.decoding import decode
from workbench.config.spec import RunSpec

# set where a cluster's job trains: the folder of the datasets on its node, where a run's own is not there; or empty
NODE_DATA = "WORKBENCH_NODE_DATA"
# what a task's constructor may raise for a state that is not its own
_NOT_A_STATE = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RuntimeError)


def load(spec: RunSpec, state: State | None = None) -> tuple[AnyTask, Data]:
    """Return the task and its encoded data.

    Args:
        state: the task's state, where the run has one: with it the encoding that the run was trained on is taken
            from the cache, its files' presence or absence notwithstanding.

    Raises:
        DataError: the data cannot be had or read, or is no longer what the run was trained on.
    """
    kind = tasks.load(spec.task)
    if state is not None:
        with suppress(FileNotFoundError):
            return task_of(spec, state), kind.load_cached(spec.settings, state)
    folder = _folder(spec)
    data = kind.load(spec.settings, folder) if state is None else kind.load_again(spec.settings, folder, state)
    if state is not None and _plain(data.state) != _plain(state):
        raise DataError(
            f"The data in {folder} is no longer what this run was trained on, or is read otherwise by this version "
            "of Workbench: put the old data back, or train anew."
        )
    return kind(spec.settings, data.state), data


def epoch_batches(task: AnyTask, data: Data, seed: int, epoch: int, size: int) -> Sequence[Tensor]:
    """Return the batches of an epoch, of ``size`` examples, as row numbers: drawn from (seed, epoch) alone."""
    generator = Generator().manual_seed((seed * 1_000_003 + epoch) % 2**63)
    return task.batches(data, "train", size, generator)


def _folder(spec: RunSpec) -> Path:
    """Return the folder of a run's data; where the run names none, as one that came along, the user's own.

    Raises:
        DataError: it names none and the data are not here.
    """
    if spec.data == "starter":
        return locations.starter(spec.task)
    on_node = os.environ.get(NODE_DATA)
    if spec.data_dir and (on_node is None or os.path.isdir(spec.data_dir)):  # noqa: PTH112  a Path's may raise
        return Path(spec.data_dir)
    try:
        source = locations.find(spec.task, Path(on_node) if on_node else None, settings=spec.settings)
    except DataError as error:
        if on_node is None:
            raise
        raise DataError(f"Node {socket.gethostname()}: {error}") from None
    if source is None:
        raise DataError(
            f"The data of the task {spec.task} are not here: `workbench data get {spec.task}` downloads them, or "
            "name their folder with WORKBENCH_DATA."
        )
    return source.folder


def task_of(spec: RunSpec, state: State) -> AnyTask:
    """Return a run's task, made from its ``task.json``.

    Raises:
        DataError: that file does not hold what the task needs.
    """
    try:
        return tasks.load(spec.task)(spec.settings, state)
    except (msgspec.ValidationError, *_NOT_A_STATE) as error:
        raise DataError(
            f"The run's task.json is damaged ({type(error).__name__}: {error}): put back a copy of it, or train anew."
        ) from None


def _plain(state: State) -> object:
    """Return a state as read back from JSON, without the name of its cached encoding."""
    uncached = {key: value for key, value in state.items() if key != "cache"}
    return decode(msgspec.json.encode(uncached))
