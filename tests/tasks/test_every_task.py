"""Declarations of a task that need no torch, against the task itself."""

from __future__ import annotations

import pytest

import tasks
from tasks.base import Metric, Settings
from tasks.writer import Writer
from workbench.config import spec


@pytest.mark.parametrize("name", tasks.available())
def test_a_tasks_settings_say_whether_it_writes(name: str) -> None:
    settings = tasks.settings(name)
    assert settings.writes == issubclass(tasks.load(name), Writer)
    assert settings.causal or not settings.writes  # it writes from left to right


@pytest.mark.parametrize("name", tasks.available())
def test_a_task_declares_the_metric_that_it_is_judged_by(name: str) -> None:
    settings = tasks.settings(name)
    assert settings.describe_metric(settings.metric).higher_is_better == settings.higher_is_better
    assert settings.describe_metric("loss").title == "loss"


def test_a_metric_that_no_task_declares_has_a_plain_heading_and_no_direction() -> None:
    assert Settings.describe_metric("of_ones_own") == Metric(heading="of ones own", digits=4, higher_is_better=None)


@pytest.mark.parametrize("name", tasks.available())
def test_the_cell_that_is_trained_where_none_is_named_goes_with_the_task(name: str) -> None:
    usual = tasks.settings(name).default_cell
    assert spec.make(name, usual).cell == usual
