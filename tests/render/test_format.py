"""Durations, numbers and metrics as text."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tasks
from workbench.render.format import column, duration, number
from workbench.render.metrics import ordered, with_heading


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "–"),
        (0, "0.0 s"),
        (8.24, "8.2 s"),
        (59.94, "59.9 s"),
        (59.96, "1:00"),
        (60, "1:00"),
        (187, "3:07"),
        (119.6, "2:00"),
        (3599.4, "59:59"),
        (3599.6, "1:00:00"),
        (3765, "1:02:45"),
        (360_000, "100:00:00"),
    ],
)
def test_duration(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said


@given(st.floats(0, 1e7))
def test_a_duration_is_never_off_by_more_than_its_last_digit(seconds: float) -> None:
    said = duration(seconds)
    if said.endswith(" s"):
        assert abs(float(said[:-2]) - seconds) <= 0.0501
        assert float(said[:-2]) < 60
    else:
        assert re.fullmatch(r"(\d+:[0-5]\d|[1-5]?\d):[0-5]\d", said)
        total = 0
        for part in said.split(":"):
            total = total * 60 + int(part)
        assert abs(total - seconds) <= 0.5001


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"),
        (math.nan, "–"),
        (-math.inf, "–"),
        (0.0, "0.0000"),
        (1e6, "1.00e+06"),
        (-1.5e40, "-1.50e+40"),
        (0.85123, "0.8512"),
        (1.2e-5, "1.2e-05"),
        (-1.2e-5, "-1.2e-05"),
        (0.0001, "0.0001"),
        (9.87654, "9.8765"),
        (12.5, "12.50"),
        (90.1234, "90.12"),
        (-123.456, "-123.5"),
        (1234.5678, "1,235"),
        (-20000.4, "-20,000"),
    ],
)
def test_number(value: float | None, said: str) -> None:
    assert number(value) == said


def test_number_with_fewer_digits() -> None:
    assert [number(v, 1) for v in (0.25, 0.04, 3.14159, 42.25)] == ["0.2", "4.0e-02", "3.1", "42.2"]
    assert number(42.25, 0) == "42"


def test_a_column_has_the_same_digits() -> None:
    assert column([0.5, None, 1.0]) == ["0.5000", "–", "1.0000"]
    assert column([0.5, 12.345, math.nan, -3]) == ["0.50", "12.35", "–", "-3.00"]
    assert column([0.5, 12345.6]) == ["0.5000", "12,346"]
    assert column([]) == []


@pytest.mark.parametrize(
    ("task", "metric", "value", "said"),
    [
        ("poems", "perplexity", 90.1234, "perplexity 90.1"),
        ("poems", "nll", 4.49876, "NLL 4.499"),
        ("climate", "rmse_c", 4.34567, "RMSE °C 4.346"),
        ("climate", "mse_c2", 18.8765, "MSE °C² 18.9"),
        ("names", "macro_f1", 0.87126, "macro F1 0.8713"),
        ("names", "accuracy", None, "accuracy –"),
        ("names", "of_ones_own", 12.3456, "of ones own 12.35"),
        ("names", "rmse_c", 12.3456, "rmse c 12.35"),
    ],
)
def test_a_metric_has_the_heading_and_the_digits_that_its_task_declares(
    task: str, metric: str, value: float | None, said: str
) -> None:
    assert with_heading(metric, value, tasks.settings(task)) == said


def test_the_loss_and_the_main_metric_come_first() -> None:
    found = {"loss": 1.0, "mse_norm": 2.0, "mse_c2": 3.0, "rmse_c": 4.0}
    assert ordered(found, "rmse_c", 3) == ["loss", "rmse_c", "mse_norm"]
    assert ordered(found, "loss", 2) == ["loss", "mse_norm"]
