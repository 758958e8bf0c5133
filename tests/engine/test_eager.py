"""Optimisers without torch's compiler: the same updates and state, and no import of it."""

from __future__ import annotations

import copy
import inspect
import subprocess
import sys

import pytest
import torch
from torch import Tensor, nn, optim

from workbench.config.options import TrainOptions
from workbench.engine.eager import eager
from workbench.engine.optim import make_optimizer

KINDS = {"adamw": optim.AdamW, "adam": optim.Adam, "sgd": optim.SGD, "rmsprop": optim.RMSprop}


def stepped(optimizer: optim.Optimizer, model: nn.Module, steps: int) -> None:
    torch.manual_seed(1)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(4, 3)).square().sum().backward()
        optimizer.step()


def begun() -> nn.Module:
    torch.manual_seed(0)
    return nn.Linear(3, 2)


def weights(model: nn.Module) -> Tensor:
    return nn.utils.parameters_to_vector(model.parameters())


@pytest.mark.parametrize("name", KINDS)
def test_an_eager_optimiser_updates_as_torchs_own(name: str) -> None:
    ours, theirs = begun(), begun()
    options = TrainOptions(optimizer=name, lr=0.01, momentum=0.9, weight_decay=0.1)  # type: ignore[arg-type]
    optimizer = make_optimizer(ours, options)
    taken = inspect.signature(KINDS[name]).parameters
    own = {key: value for key, value in optimizer.param_groups[0].items() if key in taken and key != "params"}
    reference = KINDS[name](theirs.parameters(), **own)
    stepped(optimizer, ours, 5)
    stepped(reference, theirs, 5)
    assert torch.equal(weights(ours), weights(theirs))
    reference.load_state_dict(copy.deepcopy(optimizer.state_dict()))  # of one format: older runs' checkpoints open
    optimizer.load_state_dict(copy.deepcopy(reference.state_dict()))
    stepped(optimizer, ours, 2)
    stepped(reference, theirs, 2)
    assert torch.equal(weights(ours), weights(theirs))


def test_a_step_leaves_the_gradient_mode_as_it_was() -> None:
    model = begun()
    stepped(eager(optim.SGD)(model.parameters(), 0.1), model, 1)
    assert torch.is_grad_enabled()
    assert all(weight.requires_grad and weight.is_leaf for weight in model.parameters())


def test_a_training_imports_no_compiler() -> None:
    code = """
import sys
import torch
from workbench.config.options import TrainOptions
from workbench.engine.optim import Optimization
for name in ("adamw", "adam", "sgd", "rmsprop"):
    model = torch.nn.Linear(3, 2)
    options = TrainOptions(optimizer=name, momentum=0.9, average=0.9)
    optimization = Optimization(model, options, 5, scaled=False)
    optimization.step(model(torch.ones(1, 3)).sum(), 1)
    optimization.load_state_dict(optimization.state_dict())
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-P", "-c", code], check=True, timeout=60)
