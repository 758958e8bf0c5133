"""The claim of the lab reports as a test: how far the gradient reaches in untrained networks, on ``adding``, T = 200.

Bounds as measured with seeds 0 to 2 (norm at distance 150 against that at 1): rnn and gru 0 in float32; lstm as torch
begins it 0; lstm with a forget bias of 1 5e-13 to 1e-10 (c), since σ(1) = 0.73 and 0.73¹⁵⁰ is nothing; with a bias
of 3 (σ = 0.95) 0.012 to 0.040. A memory has to be opened before it can be learned with.
"""

from __future__ import annotations

import pytest
import torch

from workbench.config import spec
from workbench.engine import data, network
from workbench.engine.probe import GradientProbe


def ratio(cell: str, part: str, seed: int, **options: float) -> float:
    """Return the gradient's norm at distance 150 divided by that at distance 1."""
    given = {f"cell.{name}": value for name, value in options.items()}
    described = spec.make("adding", cell, {"task.length": 200, "task.train_size": 64, **given})
    task, examples = data.load(described, None)
    torch.manual_seed(seed)
    model = network.build(described, task).eval()
    probe = GradientProbe(task, examples, 32, 0).measure(model, 0)
    assert probe is not None
    norms = probe.cells[0].norms[part]
    assert norms[1]
    return (norms[150] or 0.0) / norms[1]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("cell", ["rnn", "gru"])
def test_the_gradient_of_a_network_without_a_memory_is_gone(cell: str, seed: int) -> None:
    assert ratio(cell, "h", seed) < 1e-12


@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_of_an_lstm_reaches_as_far_as_its_forget_gate_is_open(seed: int) -> None:
    closed, open_, wide = (ratio("lstm", "c", seed, forget_bias=bias) for bias in (0.0, 1.0, 3.0))
    assert closed < 1e-15
    assert 1e-15 < open_ < 1e-6
    assert wide > 5e-3
