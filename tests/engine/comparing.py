"""Compare what two runs left: weights, optimiser, generators and figures, bit for bit."""

from __future__ import annotations

from typing import Any

import safetensors
import torch
from engine.toy_runs import KEPT
from waiting import HANG

from workbench.runs import launch
from workbench.runs.events import Finished
from workbench.runs.history import read_history
from workbench.runs.run import Run


def live_on(run: Run) -> None:
    """A life that nobody cuts short."""
    assert launch.start(run).wait(timeout=HANG) == 0, run.last_log_line()
    assert run.status() == "finished"


def saved(run: Run) -> dict[str, Any]:
    """All of ``last.pt`` but the clock, and what was raised on reports, which come by the clock."""
    state = torch.load(run.last_file, weights_only=True)
    del state["position"]["wall_s"], state["position"]["alarms"]
    return state


def best(run: Run) -> dict[str, Any]:
    with safetensors.safe_open(run.best_file, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()} | file.metadata()  # noqa: SIM118


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Paths at which two nests of dicts, lists, tensors and numbers differ in any bit."""
    if type(one) is not type(other):
        return [where]
    if isinstance(one, torch.Tensor):
        same = one.dtype == other.dtype and torch.equal(one, other)
        return [] if same else [where]
    if isinstance(one, dict):
        if one.keys() != other.keys():
            return [where]
        return [d for key in one for d in differences(one[key], other[key], f"{where}/{key}")]
    if isinstance(one, list | tuple):
        if len(one) != len(other):
            return [where]
        return [d for k, (a, b) in enumerate(zip(one, other, strict=True)) for d in differences(a, b, f"{where}/{k}")]
    return [] if one == other else [where]


def same_in_the_end(run: Run, reference: Run) -> None:
    """Check that two runs finished alike, and that the first left no file but its own."""
    assert differences(best(run), best(reference)) == []
    assert differences(saved(run), saved(reference)) == []
    one, other = read_history(run.events_file), read_history(reference.events_file)
    assert [(e.step, e.metrics, e.train, e.best) for e in one.evals] == [
        (e.step, e.metrics, e.train, e.best) for e in other.evals
    ]
    assert all(e.train for e in one.evals)
    assert len(one.evals) == run.spec.train.epochs
    assert isinstance(one.ended, Finished)
    assert (one.ended.test, one.ended.best) == (other.ended.test, other.ended.best)
    assert {file.name for file in run.path.iterdir()} == KEPT
