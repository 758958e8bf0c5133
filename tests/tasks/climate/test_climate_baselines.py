"""The baseline forecasts, against loops over days and hours."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tasks.climate import baselines

DAY, HORIZON = 4, 6


@pytest.fixture(params=[8, 11, 12], ids=["two days", "two and three quarters", "three days"])
def past(request: pytest.FixtureRequest) -> Tensor:
    """(B,P)"""
    return torch.randn(3, request.param, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_the_last_value_stays(past: Tensor) -> None:
    assert baselines.last_value(past, HORIZON, DAY).tolist() == [[float(row[-1])] * HORIZON for row in past]


def test_yesterday_comes_again(past: Tensor) -> None:
    expected = [[float(row[len(row) - DAY + h % DAY]) for h in range(HORIZON)] for row in past]
    assert baselines.yesterday(past, HORIZON, DAY).tolist() == expected


def test_the_day_shape_stands_on_the_last_days_mean(past: Tensor) -> None:
    found = baselines.day_shape(past, HORIZON, DAY)
    for row, guess in zip(past.tolist(), found.tolist(), strict=True):
        days = len(row) // DAY
        whole = row[len(row) - days * DAY :]
        mean = sum(whole) / len(whole)
        level = sum(row[-DAY:]) / DAY
        shape = [sum(whole[d * DAY + h] for d in range(days)) / days - mean for h in range(DAY)]
        assert guess == pytest.approx([level + shape[h % DAY] for h in range(HORIZON)])


def test_by_hand() -> None:
    past = torch.tensor([[0.0, 2.0, 4.0, 2.0, 10.0, 14.0, 14.0, 10.0]])  # days of mean 2 and 12, overall 7
    assert baselines.day_shape(past, 5, 4).tolist() == [[10.0, 13.0, 14.0, 11.0, 10.0]]
    assert baselines.yesterday(past, 5, 4).tolist() == [[10.0, 14.0, 14.0, 10.0, 10.0]]
    assert baselines.last_value(past, 2, 4).tolist() == [[10.0, 10.0]]
    assert baselines.anomaly(past, 4).tolist() == [[-10.0, -11.0, -10.0, -9.0, 0.0, 1.0, 0.0, -1.0]]


def test_an_anomaly_and_the_shape_give_back_what_was(past: Tensor) -> None:
    length = past.shape[1]
    ahead = baselines.day_shape(past, DAY, DAY)
    back = torch.stack([ahead[:, (k - length) % DAY] for k in range(length)], 1)
    assert baselines.anomaly(past, DAY) + back == pytest.approx(past)
    assert baselines.anomaly(past + 100, DAY) == pytest.approx(baselines.anomaly(past, DAY))  # blind to how warm it is


@pytest.mark.parametrize("name", baselines.FORECASTS)
def test_every_feature_is_forecast_alike(past: Tensor, name: str) -> None:
    both = baselines.FORECASTS[name](torch.stack([past, 2 * past], -1), HORIZON, DAY)
    one = baselines.FORECASTS[name](past, HORIZON, DAY)
    assert both.shape == (3, HORIZON, 2)
    assert both[..., 0] == pytest.approx(one)
    assert both[..., 1] == pytest.approx(2 * one)
