"""The tasks: what is learned. One folder a task, found by its name.

``available``, ``unreadable`` and ``settings`` never import torch; ``load`` does.
Folders named in ``WORKBENCH_TASKS`` (separated as in ``PATH``) are searched too.
"""

from __future__ import annotations

from tasks._registry import TaskError, available, load, named_folders, settings, unreadable

__path__ = [*__path__, *named_folders()]
__all__ = ["TaskError", "available", "load", "settings", "unreadable"]
