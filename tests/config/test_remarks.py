"""Settings that do nothing are told."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.config import spec
from workbench.config.remarks import remarks


@pytest.mark.parametrize(
    ("values", "sentences"),
    [
        ({}, []),
        (
            {"cell.dropout": 0.5},
            ["cell.dropout=0.5 does nothing: it acts between layers, and there is one (cell.layers)."],
        ),
        ({"cell.dropout": 0.5, "cell.layers": 2}, []),
        ({"train.momentum": 0.9}, ["train.momentum=0.9 does nothing: adamw has none (train.optimizer)."]),
        ({"train.momentum": 0.9, "train.optimizer": "sgd"}, []),
        ({"train.warmup": 0.1}, ["train.warmup=0.1 does nothing: the learning rate is constant (train.schedule)."]),
        ({"train.warmup": 0.1, "train.schedule": "one-cycle"}, []),
    ],
)
def test_a_setting_without_effect_is_told(values: dict[str, Any], sentences: list[str]) -> None:
    assert remarks(spec.make("toy", "lstm", values)) == sentences


@pytest.mark.parametrize(
    ("values", "sentences"),
    [
        ({}, []),
        ({"task.segment": 48}, ["task.segment=48 does nothing: one layer gives all values (task.head)."]),
        ({"task.segment": 48, "task.head": "segments"}, []),
        (
            {"task.patch": "none", "task.patch_length": 7, "train.momentum": 0.5},
            [
                "train.momentum=0.5 does nothing: adamw has none (train.optimizer).",
                "task.patch_length=7 does nothing: a step reads a single reading (task.patch).",
            ],
        ),
        ({"task.patch": "none"}, []),
        ({"task.patch_length": 12}, []),
    ],
)
def test_a_tasks_settings_without_effect_are_told(values: dict[str, Any], sentences: list[str]) -> None:
    assert remarks(spec.make("climate", "lstm", values)) == sentences


def test_a_tasks_own_defaults_are_no_fault_of_the_person() -> None:
    poems = spec.make("poems", "lstm", {"cell.layers": 1})
    assert remarks(poems) == []
