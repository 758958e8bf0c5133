"""Ridge regression within the network: beneath it or beside it, it is the baseline's forecast."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from climate_files import course, small, station
from torch import Tensor

import cells
from tasks.climate import task as climate_task
from tasks.climate.baseline_metrics import Regression
from tasks.climate.data import ClimateData
from tasks.climate.model import Forecaster
from tasks.climate.task import Task
from workbench.config import spec

SCALED = {"inputs": "scaled", "mirror": False}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return station(tmp_path_factory.mktemp("station"), course(1000))


def begun(folder: Path, cell: str = "gru", **changes: Any) -> tuple[Task, ClimateData, Forecaster]:
    """A network as a run begins with it, but with a head that says something; none of its draws differ by settings."""
    settings = small(**changes)
    data = Task.load(settings, folder)
    task = Task(settings, data.state)
    torch.manual_seed(0)
    model = task.build(lambda width: cells.build(cell, width, 4))
    assert isinstance(model, Forecaster)
    task.initialise(model, data)
    return task, data, model.eval()


def windows(task: Task, data: ClimateData) -> tuple[Tensor, Tensor]:
    window = task.windows(data, data.rows["val"][:7])
    return window.features, window.past


def ridge(task: Task, data: ClimateData) -> list[float]:
    """The baseline's forecast of these windows."""
    found: list[float] = Regression(task.settings, data, task.hourly).forecast(*windows(task, data)).flatten().tolist()
    return found


@pytest.mark.parametrize(
    "changes",
    [{}, {"patch": "none"}, {"patch": "segments", "head": "segments"}, {"pooling": "last-mean"}, SCALED],
    ids=str,
)
def test_a_correction_of_zero_of_ridge_is_the_baselines_forecast(folder: Path, changes: dict[str, Any]) -> None:
    task, data, model = begun(folder, residual="ridge", **changes)
    with torch.no_grad():
        found = model(*windows(task, data)).flatten().tolist()
    assert found == pytest.approx(ridge(task, data), abs=1e-5)


@pytest.mark.parametrize("cell", ["gru", "bilstm"])
@pytest.mark.parametrize("residual", ["day-shape", "last-value", "ridge", "none"])
def test_beside_is_averaged_but_not_in_training(folder: Path, residual: str, cell: str) -> None:
    inputs = SCALED if residual == "none" else {"mirror": False}
    task, data, model = begun(folder, cell, residual=residual, beside="ridge", dropout=0.0, **inputs)
    torch.nn.init.normal_(model.head.weight)  # type: ignore[union-attr]
    given = windows(task, data)
    with torch.no_grad():
        alone = model.baselines(*given) + model.correction(given[0])
        assert torch.equal(model.train()(*given), alone)
        found = model.eval()(*given)
    assert (2 * found - alone).flatten().tolist() == pytest.approx(ridge(task, data), abs=1e-4)
    assert (found - alone).abs().max() > 0.1


def test_the_map_is_a_buffer_that_no_step_moves_and_a_checkpoint_holds(folder: Path) -> None:
    task, data, model = begun(folder, beside="ridge")
    state = model.state_dict()
    held = {name for name in state if name.startswith("linear.")}
    assert held == {"linear.centre", "linear.weight", "linear.bias"}
    assert not held & {name for name, _ in model.named_parameters()}
    other = task.build(lambda width: cells.build("gru", width, 4)).eval()
    assert other.linear.weight.abs().sum() == 0  # type: ignore[union-attr]
    other.load_state_dict(state)
    assert torch.equal(other(*windows(task, data)), model(*windows(task, data)))
    assert not any(name.startswith("linear") for name in begun(folder)[2].state_dict())


def test_the_map_is_computed_in_float32_within_a_network_of_half_precision(folder: Path) -> None:
    task, data, model = begun(folder, residual="ridge")
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        found = model.baselines(*windows(task, data))
    assert found.dtype == torch.float32
    assert found.flatten().tolist() == pytest.approx(ridge(task, data), abs=1e-5)


@pytest.mark.parametrize("changes", [{"residual": "ridge"}, {"beside": "ridge"}], ids=str)
def test_a_reading_ends_with_the_networks_forecast(folder: Path, changes: dict[str, Any]) -> None:
    task, data, model = begun(folder, **changes)
    torch.nn.init.normal_(model.head.weight)  # type: ignore[union-attr]
    row = int(data.rows["val"][3])
    reading = task.reading_of_row(model, data, row)
    with torch.no_grad():
        outputs, _ = model.recurrent(reading.inputs.expand(2, -1, -1))
        found = reading.readout(reading.inputs, outputs, torch.tensor([8, 8]))
        window = task.windows(data, torch.tensor([row]))
        expected = task._degrees(model(window.features, window.past))
    assert torch.allclose(found, expected.expand(2, -1), atol=1e-4)


def test_the_map_is_fitted_once_for_the_same_windows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task, data, first = begun(folder, beside="ridge", stride=7)
    with monkeypatch.context() as within:
        within.setattr(climate_task, "Regression", lambda *_: pytest.fail("it is fitted again"))
        assert task.baseline(data)["test"]
    monkeypatch.setattr(Task, "_linear_map", lambda *_: pytest.fail("it is fitted again"))
    again = begun(folder, "bilstm", beside="ridge", stride=7, pooling="last-mean")[2]
    assert torch.equal(again.get_buffer("linear.weight"), first.get_buffer("linear.weight"))
    with pytest.raises(pytest.fail.Exception, match="it is fitted again"):
        begun(folder, beside="ridge", stride=8)


@pytest.mark.parametrize(("preset", "beside"), [("", "none"), ("strong", "none"), ("with-ridge", "ridge")])
def test_a_network_forecasts_alone_unless_a_preset_asks_for_ridge(preset: str, beside: str) -> None:
    settings = spec.make("climate", "lstm", preset=preset).settings
    assert (settings.beside, settings.pooling, settings.residual) == (beside, "last-mean", "day-shape")


@pytest.mark.parametrize("preset", ["class-report", "plain"])
def test_plain_networks_and_older_runs_pool_the_last_outputs(preset: str) -> None:
    settings = spec.make("climate", "lstm", preset=preset).settings
    assert (settings.beside, settings.pooling, settings.residual) == ("none", "last", "none")
    described = spec.make("climate", "lstm", {"task.beside": "none", "task.pooling": "last"})
    older = json.loads(described.to_json())
    del older["settings"]["beside"], older["settings"]["pooling"]
    assert spec.from_json(json.dumps(older).encode()) == described
