"""Declarations of a task that need no torch, against the task itself."""

from __future__ import annotations

import pytest

import tasks
from tasks.writer import Writer


@pytest.mark.parametrize("name", tasks.available())
def test_a_tasks_settings_say_whether_it_writes(name: str) -> None:
    settings = tasks.settings(name)
    assert settings.writes == issubclass(tasks.load(name), Writer)
    assert settings.causal or not settings.writes  # it writes from left to right
