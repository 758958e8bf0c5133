"""The climate task: what it learns, measures, shows and answers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from climate_files import NAME, course, hours, small, station
from torch import Tensor, nn

import cells
from tasks.climate import baselines, forecast_view
from tasks.climate.baseline_metrics import RIDGE_AT_EDGE
from tasks.climate.data import ClimateData
from tasks.climate.settings import Settings
from tasks.climate.task import Task
from tasks.shared.datasets import locations
from tasks.views import Series, Table
from workbench.render.metrics import heading


class Says(nn.Module):
    """A network that says the same of every window: (B,H)."""

    def __init__(self, forecast: Tensor) -> None:
        super().__init__()
        self.forecast = nn.Parameter(forecast, requires_grad=False)

    def forward(self, features: Tensor, past: Tensor) -> Tensor:
        return self.forecast.expand(len(past), -1)


@pytest.fixture
def loaded(tmp_path: Path) -> tuple[Task, ClimateData]:
    data = Task.load(small(), station(tmp_path / "data", course(1000)))
    return Task(small(), data.state), data


def degrees(task: Task, data: ClimateData, split: Any) -> tuple[np.ndarray, np.ndarray]:
    """A split's histories and futures in °C."""
    window = task.windows(data, data.rows[split])
    return tuple(part.double().numpy() * task.spread + task.mean for part in window[1:])  # type: ignore[return-value]


def test_metrics_are_in_degrees(loaded: tuple[Task, ClimateData]) -> None:
    task, data = loaded
    model = Says(torch.zeros(24))  # the training mean
    found = task.evaluate(model, data, "test", 7).metrics
    _, future = degrees(task, data, "test")
    error = task.mean - future
    assert found["mse_c2"] == pytest.approx((error**2).mean(), rel=1e-5)
    assert found["mae_c"] == pytest.approx(np.abs(error).mean(), rel=1e-5)
    assert found["rmse_c"] == pytest.approx(math.sqrt((error**2).mean()), rel=1e-5)
    assert found["mse_norm"] == pytest.approx((error**2).mean() / task.spread**2, rel=1e-5)
    assert found["loss"] == pytest.approx(found["mse_norm"], rel=1e-5)


@pytest.mark.parametrize("loss", ["mse", "mae", "huber"])
def test_the_loss_is_the_one_that_was_chosen(loaded: tuple[Task, ClimateData], loss: str) -> None:
    _, data = loaded
    task = Task(small(loss=loss), data.state)
    rows = data.rows["train"][:9]
    model = Says(torch.zeros(24))
    error = task.windows(data, rows).future.double()
    expected = {
        "mse": error**2,
        "mae": error.abs(),
        "huber": torch.where(error.abs() < 1, error**2 / 2, error.abs() - 0.5),
    }[loss].mean()
    assert task.loss(model, data, rows).item() == pytest.approx(expected.item(), rel=1e-5)


def test_errors_by_lead_time_stand_beside_the_baselines(loaded: tuple[Task, ClimateData]) -> None:
    task, data = loaded
    table, _ = task.evaluate(Says(torch.zeros(24)), data, "val", 64).views
    assert isinstance(table, Table)
    assert table.columns == ["lead", "network", "last value", "same time yesterday", "day shape"]
    assert [row[0] for row in table.rows] == ["1 h", "6 h", "24 h", "all 24 h"]
    past, future = degrees(task, data, "val")
    assert table.rows[1][1] == pytest.approx(math.sqrt(((task.mean - future[:, 5]) ** 2).mean()), rel=1e-5)
    assert table.rows[1][2] == pytest.approx(math.sqrt(((past[:, -1] - future[:, 5]) ** 2).mean()), rel=1e-5)
    assert table.rows[2][3] == pytest.approx(math.sqrt(((past[:, -1] - future[:, 23]) ** 2).mean()), rel=1e-5)
    assert table.rows[3][3] == pytest.approx(math.sqrt(((past[:, -24:] - future) ** 2).mean()), rel=1e-5)
    assert "°C" in table.note


def test_the_chart_shows_a_window_with_both_baselines(loaded: tuple[Task, ClimateData]) -> None:
    _, data = loaded
    past, future = degrees(loaded[0], data, "val")
    for window, at in ((-1, len(past) // 2), (0, 0), (3, 3), (10**6, len(past) - 1)):
        task = Task(small(window=window), data.state)
        _, series = task.evaluate(Says(torch.zeros(24)), data, "val", 64).views
        assert isinstance(series, Series)
        assert series.x == [float(k) for k in range(-47, 25)]
        curves = {name: np.array(values, dtype=float) for name, values in series.curves.items()}
        assert list(curves) == ["truth", "forecast", "last value", "same time yesterday"]
        assert np.abs(curves["truth"] - np.concatenate([past[at], future[at]])).max() < 0.006
        assert np.isnan(curves["forecast"][:48]).all()
        assert curves["forecast"][48:] == pytest.approx(round(task.mean, 2), abs=0.006)
        assert curves["last value"][48:] == pytest.approx(past[at, -1], abs=0.006)
        assert curves["same time yesterday"][48:] == pytest.approx(past[at, -24:], abs=0.006)
        assert "°C" in series.note
        assert f"val window {at} of {len(past)}" in series.title


def test_a_test_keeps_windows_in_their_order(loaded: tuple[Task, ClimateData]) -> None:
    task, data = loaded
    assert task.evaluate(Says(torch.zeros(24)), data, "val", 64).kept == []
    evaluation = task.evaluate(Says(torch.zeros(24)), data, "test", 64)
    past, future = degrees(task, data, "test")
    numbers = [int(view.title.partition("window ")[2].split()[0]) for view in evaluation.kept]
    assert numbers == [*range(len(past))]  # fewer than a run keeps at most
    assert evaluation.views[1] in evaluation.kept
    for number, view in zip(numbers, evaluation.kept, strict=True):
        assert isinstance(view, Series)
        assert np.abs(np.array(view.curves["truth"]) - np.concatenate([past[number], future[number]])).max() < 0.006


@pytest.mark.parametrize(
    ("shown", "size", "span", "expected"),
    [
        (5, 10, 96, list(range(10))),
        (0, 1, 96, []),
        (3, 100, 2_500, [0, 3, 99]),
        (3, 100, 2_501, []),
        (7, 231, 96, [0, 7, *range(10, 231, 10)]),
        (50, 101, 1_666, [0, 50, 100]),
    ],
)
def test_kept_windows_go_from_first_to_last_with_the_one_shown_and_long_ones_are_fewer(
    shown: int, size: int, span: int, expected: list[int]
) -> None:
    assert forecast_view.spread_windows(shown, size, span) == expected


def test_an_epoch_draws_every_window_once(loaded: tuple[Task, ClimateData]) -> None:
    task, data = loaded
    rows = data.rows["train"].tolist()
    drawn = [
        torch.cat(list(task.batches(data, "train", 10, torch.Generator().manual_seed(s)))).tolist() for s in (0, 0, 1)
    ]
    assert sorted(drawn[0]) == rows
    assert drawn[0] == drawn[1] != drawn[2]
    assert torch.cat(list(task.batches(data, "train", 10, None))).tolist() == rows


def test_baselines_are_those_of_the_formulas_and_computed_once(
    loaded: tuple[Task, ClimateData], monkeypatch: pytest.MonkeyPatch
) -> None:
    task, data = loaded
    assert task.baseline(data, cached_only=True) == {}
    found = task.baseline(data)
    assert set(found) == {"val", "test"}
    for split, methods in found.items():
        past, future = degrees(task, data, split)
        assert set(methods) == {*baselines.FORECASTS, RIDGE_AT_EDGE}  # a walk at random: no correction is best
        assert methods["last value"]["mse_c2"] == pytest.approx(((past[:, -1:] - future) ** 2).mean(), rel=1e-4)
        assert methods["same time yesterday"]["mae_c"] == pytest.approx(np.abs(past[:, -24:] - future).mean(), rel=1e-4)
        shape = baselines.day_shape(torch.from_numpy(past), 24, 24).numpy()
        assert methods["day shape"]["mse_c2"] == pytest.approx(((shape - future) ** 2).mean(), rel=1e-4)
        assert all(
            figures["rmse_c"] == pytest.approx(math.sqrt(figures["mse_c2"] or 0)) for figures in methods.values()
        )
    monkeypatch.setattr("tasks.climate.baseline_metrics.Ridge", lambda *_: pytest.fail("computed again"))
    assert task.baseline(data) == task.baseline(data, cached_only=True) == found
    assert Task(small(stride=9), data.state).baseline(data, cached_only=True) == {}  # other windows
    other = {"inputs": "scaled", "mirror": False}
    assert Task(small(**other), data.state).baseline(data, cached_only=True) == {}  # another network's inputs


def test_ridge_learns_what_is_linear(tmp_path: Path) -> None:
    wave = np.round(10 + 5 * np.sin(2 * np.pi * np.arange(1000) / 31), 4)  # no day repeats the one before
    data = Task.load(small(), station(tmp_path / "data", wave))
    measured = Task(small(), data.state).baseline(data)["test"]
    assert (measured["ridge"]["rmse_c"] or 9) < 0.1 < 1 < (measured["day shape"]["rmse_c"] or 0)


def test_a_few_steps_lower_the_loss_on_the_starter_set() -> None:
    settings = Settings(stride=24, patch_length=36, dropout=0.0, mirror=False)
    data = Task.load(settings, locations.starter("climate"))
    task = Task(settings, data.state)
    torch.manual_seed(0)
    model = task.build(lambda width: cells.build("gru", width, 16))  # type: ignore[arg-type]
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    every = data.rows["train"]
    with torch.no_grad():
        before = task.loss(model.eval(), data, every).item()
    window = task.windows(data, every)
    shape = baselines.day_shape(window.past, 288, 144)
    assert before == pytest.approx((shape - window.future).square().mean().item(), rel=1e-4)  # a correction of zero
    model.train()
    for rows in task.batches(data, "train", 28, torch.Generator().manual_seed(0)) * 6:  # type: ignore[operator]
        optimiser.zero_grad()
        task.loss(model, data, rows).backward()
        optimiser.step()
    with torch.no_grad():
        assert task.loss(model.eval(), data, every).item() < 0.95 * before


def test_a_forecast_of_ones_own_readings(loaded: tuple[Task, ClimateData], tmp_path: Path) -> None:
    task, _ = loaded
    values = course(90, seed=5)
    path = station(tmp_path / "own", values) / NAME
    series, table = task.predict(Says(torch.arange(24) / 10), f" {path} ")
    assert isinstance(series, Series)
    assert isinstance(table, Table)
    expected = [round(k / 10 * task.spread + task.mean, 2) for k in range(24)]
    assert series.title == "forecast from 2020-03-04 17:00 on"
    assert [v for v in series.curves["forecast"] if v is not None] == pytest.approx(expected, abs=0.011)
    assert series.curves["history"][:48] == pytest.approx(values[-48:], abs=0.006)
    assert series.curves["history"][48:] == [None] * 24
    assert [row[0] for row in table.rows] == [f"{t:%Y-%m-%d %H:%M}" for t in hours(114)[90:]]
    assert [row[1] for row in table.rows] == pytest.approx(expected, abs=0.011)


def test_what_is_left_out_of_a_predicted_file_is_told(loaded: tuple[Task, ClimateData], tmp_path: Path) -> None:
    values: list[object] = course(90, seed=5).tolist()
    values[60] = "NA"
    values[3] = -999

    def change(lines: list[str]) -> None:
        lines[71:71] = [lines[70], f"{lines[70].split(',')[0]},99,1"]  # one repeats it exactly, one has another value

    path = station(tmp_path / "own", values, change=change) / NAME
    *_, table = loaded[0].predict(Says(torch.zeros(24)), str(path))
    for told in (
        "1 cell marked as missing: NA 1.",
        "T (degC) is -999 once, far outside its other readings",
        "1 row repeats an earlier one exactly and was dropped.",
        "2 rows share their time with another of other values, at 2020-03-03 21:00 for one, and were averaged.",
        "2 of 90 readings are missing or incomplete: 2 in gaps of up to 6 were interpolated",
        "The forecast reads the last 48 of 90 readings.",
    ):
        assert told in table.note


@pytest.mark.parametrize(
    ("count", "cell", "sentence"),
    [
        (40, "1.0", r"holds 40 readings: 48 are needed\.$"),
        (90, "warm", r"line 62: T \(degC\) is 'warm', where a number was expected: "),
        (90, "gap", r"has a long gap in its last 48 readings: give a file without\.$"),
    ],
)
def test_what_cannot_be_forecast_is_refused(
    loaded: tuple[Task, ClimateData], tmp_path: Path, count: int, cell: str, sentence: str
) -> None:
    values: list[object] = course(count).tolist()
    if cell == "gap":
        values[60:70] = [""] * 10
    elif count == 90:
        values[60] = cell
    with pytest.raises(ValueError, match=sentence):
        loaded[0].predict(Says(torch.zeros(24)), str(station(tmp_path / "own", values) / NAME))


@pytest.mark.parametrize("text", ["", "  ", "nowhere.csv", "tomorrow", "long" * 100, "~nobody-here/x.csv"])
def test_a_text_that_is_no_file_is_asked_again(loaded: tuple[Task, ClimateData], text: str) -> None:
    with pytest.raises(ValueError, match=r"is no file: give the path of a CSV file that ends with at least 48"):
        loaded[0].predict(Says(torch.zeros(24)), text)


def test_readings_at_another_distance_are_refused(loaded: tuple[Task, ClimateData], tmp_path: Path) -> None:
    path = station(tmp_path / "own", course(60), [t for k, t in enumerate(hours(120)) if k % 2]) / NAME
    with pytest.raises(ValueError, match=r"has a reading every 2 h; this network knows one every 1 h\.$"):
        loaded[0].predict(Says(torch.zeros(24)), str(path))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"features": " , "}, "names no column"),
        ({"patch_length": 7}, r"task\.history=48 is no whole number of patches of 7: "),
        ({"head": "segments", "segment": 7}, r"task\.horizon=24 is no whole number of segments of 7: "),
        ({"inputs": "scaled"}, r"task\.mirror turns anomalies upside down: "),
        ({"residual": "none"}, r"task\.inputs=anomaly hides how warm it is, "),
    ],
)
def test_settings_that_do_not_fit_together(changes: dict[str, Any], sentence: str) -> None:
    small().check()
    with pytest.raises(ValueError, match=sentence):
        small(**changes).check()


def test_units_come_from_the_columns_name() -> None:
    units = [Settings(target=name).unit for name in ("T (degC)", "rho (g/m**3)", "level [m]", "stock", "CO(GT)")]
    assert units == ["°C", "g/m**3", "m", "stock", "CO(GT)"]


@pytest.mark.parametrize(
    ("target", "titles"),
    [
        ("T (degC)", ["MSE °C²", "MAE °C", "RMSE °C"]),
        ("level (m)", ["MSE m²", "MAE m", "RMSE m"]),
        ("rho (g/m**3)", ["MSE (g/m**3)²", "MAE g/m**3", "RMSE g/m**3"]),
        ("stock", ["MSE stock²", "MAE stock", "RMSE stock"]),
    ],
)
def test_metrics_of_ones_own_series_have_its_unit(target: str, titles: list[str]) -> None:
    settings = small(target=target)
    assert [heading(name, settings) for name in ("mse_c2", "mae_c", "rmse_c")] == titles
    assert heading("mse_norm", settings) == "MSE norm."


@pytest.mark.data
def test_baselines_on_the_real_climate(real_data: Path) -> None:
    data = Task.load(Settings(), real_data / "climate")
    measured = Task(Settings(), data.state).baseline(data)
    rmse = {(split, method): of["rmse_c"] for split, methods in measured.items() for method, of in methods.items()}
    assert rmse["test", "day shape"] == pytest.approx(4.35, abs=0.01)
    assert rmse["test", "ridge"] == pytest.approx(4.09, abs=0.01)  # as scikit-learn finds it on the same inputs
    assert rmse["val", "ridge"] == pytest.approx(2.94, abs=0.01)
    assert rmse["val", "same time yesterday"] == pytest.approx(3.26, abs=0.01)
