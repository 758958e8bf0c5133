"""The forecaster: how it reads, and that without a correction it is the baseline forecast exactly."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from climate_files import small
from torch import Tensor

import cells
from tasks.climate import baselines
from tasks.climate.inputs import input_size, patches
from tasks.climate.model import Forecaster

DAY = 24


def network(cell: str = "gru", **changes: Any) -> Forecaster:
    settings = small(**changes)
    torch.manual_seed(0)
    calendar = [name == "hour" for name in settings.columns]
    return Forecaster(settings, cells.build(cell, input_size(settings), 8), calendar, DAY).eval()


def readings(batch: int = 3) -> tuple[Tensor, Tensor]:
    """Features (B,P,F): hour and target; past (B,P)."""
    past = torch.randn(batch, 48, generator=torch.Generator().manual_seed(1))
    hour = (torch.arange(48) % DAY / DAY).expand(batch, -1)
    return torch.stack([hour, past], -1), past


@pytest.mark.parametrize(("patch", "shape"), [("none", (3, 48, 2)), ("mean", (3, 8, 2)), ("segments", (3, 8, 12))])
def test_patches(patch: str, shape: tuple[int, ...]) -> None:
    settings = small(patch=patch)
    features, _ = readings()
    cut = patches(features, settings)
    assert tuple(cut.shape) == shape
    assert shape[-1] == input_size(settings)
    if patch == "mean":
        assert cut[1, 2] == pytest.approx(features[1, 12:18].mean(0), abs=1e-6)
    if patch == "segments":
        assert cut[1, 2].tolist() == features[1, 12:18].flatten().tolist()


@pytest.mark.parametrize(
    ("patch", "head", "inputs", "cell"),
    [
        *itertools.product(["none", "mean", "segments"], ["direct", "segments"], ["scaled", "anomaly"], ["gru"]),
        ("mean", "direct", "anomaly", "bilstm"),
    ],
)
@pytest.mark.parametrize("residual", ["day-shape", "same-time-yesterday", "last-value"])
def test_a_correction_of_zero_is_the_baseline_forecast(
    patch: str, head: str, inputs: str, cell: str, residual: str
) -> None:
    model = network(cell, patch=patch, head=head, inputs=inputs, residual=residual)
    features, past = readings()
    expected = baselines.FORECASTS[residual.replace("-", " ")](past, 24, DAY)
    assert torch.equal(model(features, past), expected)
    model(features, past).square().mean().backward()
    moved = [p for name, p in model.named_parameters() if name.startswith("head") and p.grad is not None]
    assert any(bool(p.grad.abs().sum() > 0) for p in moved)  # and learning can leave it


@pytest.mark.parametrize("head", ["direct", "segments"])
def test_a_head_on_its_own_says_something(head: str) -> None:
    model = network(residual="none", inputs="scaled", head=head)
    features, past = readings()
    found = model(features, past)
    assert found.shape == (3, 24)
    assert torch.equal(found, model.correction(features))
    assert found.abs().sum() > 0


def test_anomalies_are_blind_to_how_warm_it_is_but_not_to_the_hour() -> None:
    model = network()
    torch.nn.init.normal_(model.head.weight)  # type: ignore[union-attr]
    features, _ = readings()
    warmer, later = features.clone(), features.clone()
    warmer[..., 1] += 10
    later[..., 0] += 0.5
    assert torch.allclose(model.correction(warmer), model.correction(features), atol=1e-4)
    assert not torch.allclose(model.correction(later), model.correction(features), atol=1e-2)


def test_the_mirror_turns_windows_upside_down_in_training_only() -> None:
    model = network(dropout=0.0)
    torch.nn.init.normal_(model.head.weight)  # type: ignore[union-attr]
    features, _ = readings(40)
    turned = torch.stack([features[..., 0], -features[..., 1]], -1)
    with torch.no_grad():
        upright, upside_down = model.correction(features), -model.correction(turned)
        found = model.train().correction(features)
    kinds = [(torch.allclose(f, u), torch.allclose(f, d)) for f, u, d in zip(found, upright, upside_down, strict=True)]
    assert set(kinds) == {(True, False), (False, True)}
    assert 5 < sum(kind == (True, False) for kind in kinds) < 35
    model.settings = small(mirror=False, dropout=0.0)
    assert torch.allclose(model.correction(features), upright)


def test_segments_share_their_weights() -> None:
    model = network(head="segments", residual="none", inputs="scaled")
    assert model.head.write.weight.shape == (8, 8)  # type: ignore[union-attr]
    assert model.head.place.shape == (3, 8)  # type: ignore[union-attr]
    with torch.no_grad():
        model.head.place.zero_()  # type: ignore[union-attr]
        found = model(*readings())
    assert torch.equal(found[:, :8], found[:, 8:16])


@pytest.mark.parametrize(("cell", "width"), [("gru", 16), ("bilstm", 32)])
def test_the_head_sees_the_last_outputs_and_their_mean(cell: str, width: int) -> None:
    model = network(cell, pooling="last-mean")
    features, _ = readings()
    torch.nn.init.normal_(model.head.weight)  # type: ignore[union-attr]
    outputs, _ = model.recurrent(model.steps(features))
    last = outputs[:, -1] if cell == "gru" else torch.cat([outputs[:, -1, :8], outputs[:, 0, 8:]], -1)
    seen = torch.cat([last, outputs.mean(1)], -1)
    assert seen.shape == (3, width)
    assert torch.allclose(model.correction(features), model.head(seen), atol=1e-5)
