"""The tasks: what is learned. One folder a task, found by its name.

``available`` and ``settings`` never import torch; ``load`` does.
Folders named in ``WORKBENCH_TASKS`` (separated as in ``PATH``) are searched too.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasks.base import AnyTask, Settings

__path__ = [*__path__, *filter(None, os.environ.get("WORKBENCH_TASKS", "").split(os.pathsep))]

_SHARED = {"shared"}


def available() -> list[str]:
    """The tasks that there are, in alphabetical order."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if m.ispkg and m.name not in _SHARED)


def settings(name: str) -> type[Settings]:
    """The settings class of a task, which also carries its title, defaults and presets.

    Raises:
        KeyError: there is no such task.
    """
    module = f"tasks.{name}.settings"
    if module not in sys.modules:  # looking through the folders takes long where hundreds of runs are read
        _check(name)
    found: type[Settings] = importlib.import_module(module).Settings
    return found


def load(name: str) -> type[AnyTask]:
    """Import a task (and torch with it).

    Raises:
        KeyError: there is no such task.
    """
    _check(name)
    found: type[AnyTask] = importlib.import_module(f"tasks.{name}.task").Task
    return found


def _check(name: str) -> None:
    if name not in available():
        raise KeyError(name)
