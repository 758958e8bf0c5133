"""A run is measured on the data that it was trained on, or not at all."""

from __future__ import annotations

import msgspec
import pytest
from engine.toy_runs import toy, trained

import tasks
from tasks.base import DataError
from workbench.config import spec
from workbench.engine import data, trained_run


def test_other_data_than_the_runs_own_are_refused(tmp_path):
    run = toy(tmp_path, {"train.max_steps": 3})
    trained(run)
    assert trained_run.evaluate(run, "test")[1].metrics["accuracy"] is not None
    state = msgspec.json.decode(run.task_file.read_bytes())
    run.task_file.write_bytes(msgspec.json.encode({**state, "labels": ["zero", "one", "three"]}))
    with pytest.raises(DataError, match="no longer what this run was trained on"):
        trained_run.evaluate(run, "test")


def test_a_runs_data_are_read_as_when_it_began(tmp_path, monkeypatch):
    run = toy(tmp_path, {"train.max_steps": 3})
    trained(run)
    state = msgspec.json.decode(run.task_file.read_bytes())
    kind = tasks.load(run.spec.task)
    asked = []

    def load_again(settings, folder, of):
        asked.append(of)
        return kind.load(settings, folder)

    monkeypatch.setattr(kind, "load_again", load_again)
    data.load(run.spec, state)
    data.load(run.spec)
    assert asked == [state]


@pytest.mark.parametrize("state", [{}, {"labels": 3}, {"labels": ["a"], "train_counts": ["many"]}])
def test_a_task_file_without_what_its_task_needs_is_said(state: dict[str, object]) -> None:
    with pytest.raises(DataError, match=r"^The run's task\.json is damaged \(\w+: .*\): put back a copy of it, or "):
        data.task_of(spec.make("names", "lstm"), state)
