"""Parameters that are never trained raise an alarm that names them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from engine.toy_runs import only, toy, trained
from torch import nn

from workbench.engine import network
from workbench.engine.alarms import ENOUGH_STEPS, Alarms
from workbench.engine.gradient_monitor import GradientMonitor
from workbench.runs.events import Alarm


class Toy(nn.Module):
    """A network whose parameters are trained, unused, cut off, frozen, or late."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(3, 3)
        self.head = nn.Linear(3, 1)
        nn.init.zeros_(self.head.weight)  # so ``body`` has a gradient of zero in the first step
        self.unused = nn.Parameter(torch.ones(2))
        self.stopped = nn.Parameter(torch.ones(3))
        self.frozen = nn.Parameter(torch.ones(3), requires_grad=False)
        self.empty = nn.Parameter(torch.ones(0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        loss: torch.Tensor = self.head(self.body(x) + self.stopped * 0 + self.frozen + self.empty.sum()).square().mean()
        return loss + (self.head.bias - 1).square().sum()


def monitored(model: nn.Module, steps: int) -> GradientMonitor:
    torch.manual_seed(0)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    monitor = GradientMonitor(model)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(8, 3)).backward()
        optimizer.step()
        monitor.observe()
    return monitor


def test_an_unused_parameter_is_found_in_the_first_step_and_a_zero_gradient_after_enough() -> None:
    first = monitored(Toy(), 1)
    assert (first.missing, first.zero()) == (["unused"], [])
    assert monitored(Toy(), ENOUGH_STEPS - 1).zero() == []
    enough = monitored(Toy(), ENOUGH_STEPS + 5)
    assert (enough.missing, enough.zero()) == (["unused"], ["stopped"])


def test_where_every_gradient_is_zero_no_parameter_is_to_blame() -> None:
    class Constant(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x).sum() * 0

    assert monitored(Constant(3, 2), ENOUGH_STEPS).zero() == []


def test_a_gradient_that_is_no_number_is_not_zero() -> None:
    model = nn.Linear(3, 2)
    monitor = GradientMonitor(model)
    for step in range(ENOUGH_STEPS):
        model.weight.grad = torch.full((2, 3), torch.nan if step == 3 else 0.0)
        model.bias.grad = torch.ones(2)
        monitor.observe()
    assert monitor.zero() == []


def test_the_sentences_name_the_parameters_once() -> None:
    alarms = Alarms()
    assert alarms.check_parameters([], []) == []
    assert alarms.check_parameters(["cell.weight_hh"], []) == [
        "The parameter cell.weight_hh gets no gradient: the loss does not depend on it. "
        "Use it in the forward pass, or remove it."
    ]
    assert alarms.check_parameters(["cell.weight_hh"], ["a", "b"]) == [
        f"The parameters a and b get no gradient: it was exactly zero in each of the first {ENOUGH_STEPS} steps. "
        "Look for a factor of zero or a saturated activation on the way to the loss."
    ]
    assert alarms.check_parameters(["cell.weight_hh"], ["a", "b"]) == []
    assert Alarms(list(alarms.raised)).check_parameters(["cell.weight_hh"], ["a", "b"]) == []
    [many] = Alarms().check_parameters([f"p{i}" for i in range(9)], [])
    assert many.startswith("The parameters p0, p1, p2, p3, p4 and 4 more get no gradient: the loss does not depend on")


def test_a_run_tells_it_in_an_alarm(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = network.build

    def with_dead_parameters(*args: Any) -> nn.Module:
        model = real(*args)
        model.unused = nn.Parameter(torch.ones(2))
        model.stopped = nn.Parameter(torch.zeros(1))
        model.register_forward_hook(lambda *called: called[-1] + 0 * model.stopped)
        return model

    monkeypatch.setattr(network, "build", with_dead_parameters)
    alarms = only(Alarm, trained(toy(runs_folder, {"train.epochs": 8})))
    told = [alarm.message for alarm in alarms if "no gradient" in alarm.message]
    assert [message.split(":")[0] for message in told] == [
        "The parameter unused gets no gradient",
        "The parameter stopped gets no gradient",
    ]
