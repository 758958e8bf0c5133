"""A run's data and task, read from where its spec says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tasks
from tasks.base import Data, DataError, Task
from tasks.common.datasets import starter
from workbench.spec import RunSpec


def load(spec: RunSpec, state: Mapping[str, Any] | None = None) -> tuple[Task, Data]:
    """The task and its encoded data.

    Args:
        state: the task's state, where the run has one: with it the cached encoding is enough.

    Raises:
        DataError: the data cannot be had or read.
    """
    kind = tasks.load(spec.task)
    folder = starter(spec.task) if spec.data == "starter" else Path(spec.data_dir)
    try:
        data = kind.load(spec.settings, folder)
    except DataError:
        if state is None:
            raise
        try:
            data = kind.recall(spec.settings, state)
        except FileNotFoundError:
            data = None
        if data is None:
            raise
    return kind(spec.settings, data.state), data
