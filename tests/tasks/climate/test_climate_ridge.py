"""Ridge regression as a climate baseline: it reads what the network reads, and corrects what the network corrects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from climate_files import course, small, station
from sklearn.linear_model import Ridge as Reference

import cells
from tasks.climate import baseline_metrics, baselines, inputs
from tasks.climate.baseline_metrics import RIDGE_AT_EDGE, Regression
from tasks.climate.data import ClimateData
from tasks.climate.task import Task


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return station(tmp_path_factory.mktemp("station"), course(1000))


SCALED = {"inputs": "scaled", "mirror": False}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"patch": "segments"},
        {"patch": "none"},
        {"residual": "last-value"},
        SCALED,
        {**SCALED, "residual": "none"},
    ],
    ids=str,
)
def test_the_regression_reads_the_networks_steps(folder: Path, changes: dict[str, Any]) -> None:
    settings = small(**changes)
    data = Task.load(settings, folder)
    steps: list[torch.Tensor] = []

    def make(width: int) -> Any:
        network = cells.build("rnn", width, 4)
        network.register_forward_pre_hook(lambda _, given: steps.append(given[0]))
        return network

    model = Task(settings, data.state).build(make).eval()
    regression = Regression(settings, data, 1)
    features, past = data.history(data.rows["val"][:5], 48)
    model(features, past)
    assert torch.equal(regression._inputs(features), steps[0].flatten(1))
    beneath = past.new_zeros(5, 24) if settings.residual == "none" else model.baselines(features, past)
    expected = baselines.day_shape(past, 24, 24) if settings.residual == "none" else beneath
    assert torch.equal(regression._base(past), expected)


def test_too_many_steps_are_read_as_hourly_means(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = small(patch="none")
    data = Task.load(settings, folder)
    regression = Regression(settings, data, 3)
    monkeypatch.setattr(inputs, "MOST_INPUTS", 95)
    features, _ = data.history(data.rows["val"][:5], 48)
    found = regression._inputs(features)
    assert found.shape == (5, 16 * 2)
    day = baselines.anomaly(features[..., 1], 24)
    assert found[:, 1].tolist() == pytest.approx(day[:, :3].mean(1).tolist(), abs=1e-5)


@pytest.mark.parametrize(
    ("hourly", "most", "means"),
    [(1, 95, 24), (1, 96, 48), (1, 40, 16), (5, 11, 5), (60, 95, 1), (1, 1, 1)],  # of 48 readings of 2 features
)
def test_means_are_taken_over_as_many_hours_as_bring_the_inputs_within_the_most(
    folder: Path, monkeypatch: pytest.MonkeyPatch, hourly: int, most: int, means: int
) -> None:
    settings = small(patch="none", **SCALED)
    data = Task.load(settings, folder)
    monkeypatch.setattr(inputs, "MOST_INPUTS", most)
    features, _ = data.history(data.rows["val"][:5], 48)
    found = Regression(settings, data, hourly)._inputs(features)
    assert found.shape == (5, means * 2)
    length, first = (10, 8) if hourly == 5 else (48 // means, 48 // means)
    assert found[:, 1].tolist() == pytest.approx(features[:, :first, 1].mean(1).tolist(), abs=1e-5)
    assert found[:, -1].tolist() == pytest.approx(features[:, -length:, 1].mean(1).tolist(), abs=1e-5)


def test_its_forecast_is_the_references(folder: Path) -> None:
    settings = small()
    data: ClimateData = Task.load(settings, folder)
    regression = Regression(settings, data, 1)

    def design(split: Any) -> tuple[np.ndarray, np.ndarray, torch.Tensor, torch.Tensor]:
        features, past = data.history(data.rows[split], 48)
        future = data.future(data.rows[split], 48, 24)
        return regression._inputs(features).double().numpy(), future - regression._base(past), features, past

    x, y, *_ = design("train")
    reference = Reference(alpha=regression.ridge.alpha).fit(x, y.double().numpy())
    x, _, features, past = design("test")
    expected = reference.predict(x) + regression._base(past).double().numpy()
    assert regression.forecast(features, past).numpy() == pytest.approx(expected, abs=1e-5)


def test_a_penalty_at_the_end_of_its_grid_is_told_in_the_methods_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Task.load(small(), folder)
    ridge = baseline_metrics.Ridge
    monkeypatch.setattr(baseline_metrics, "Ridge", lambda *given: ridge(*given, [1e-9, 1e-8], widened=0))
    assert set(baseline_metrics.measure(Regression(small(), data, 1))["val"]) == {*baselines.FORECASTS, RIDGE_AT_EDGE}
