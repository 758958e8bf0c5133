"""The compiled kernels under autocast to bfloat16: no farther from the truth in float64 than the Python cell is.

The bound for each tensor: one and a half times the Python cell's own error, and 1e-2 of its largest value, which is
about the error of one rounding to bfloat16 (2^-8) with what follows from it.
"""

from __future__ import annotations

from functools import cache

import pytest
import torch
from native_oracles import BFLOAT16, NAMES, Case, Passes, errors, forced, near, truth
from torch import Tensor

from cells._kernels.native.library import Level

SIZES = [(1, 1, 1, 1), (1, 9, 5, 3), (5, 4, 31, 33), (2, 3, 300, 7), (3, 2, 8, 300), (37, 5, 16, 64), (20, 3, 33, 15)]


@pytest.fixture(params=BFLOAT16, ids=lambda level: level.title)
def at(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Passes:
    """A level with products of bfloat16, forced."""
    return forced(request.param, monkeypatch)


@cache
def by_python(case: Case) -> dict[str, Tensor]:
    return case.values("reference", lowered=True)


def check(case: Case) -> None:
    """Assert that each tensor is nearly as right as the Python cell's under autocast."""
    right = truth(case)
    own, python = errors(case.values("native", lowered=True), right), errors(by_python(case), right)
    wrong = {
        name: f"{error:.1e} beside {python[name][0]:.1e}, of {largest:.1e}"
        for name, (error, largest) in own.items()
        if not error <= 1.5 * python[name][0] + 1e-2 * largest
    }
    assert not wrong


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_every_size(name: str, sizes: tuple[int, int, int, int], at: Passes) -> None:
    batch, time, _, _ = sizes
    check(Case(name, sizes, tuple(1 + (5 * row + 1) % time for row in range(batch))))
    check(Case(name, sizes, both=True, start=False, last=False))
    assert set(at.seen) == {at.level}


@pytest.mark.parametrize("name", [*NAMES, "bilstm"])
def test_layers_both_ways(name: str, at: Passes) -> None:
    check(Case(name, (5, 6, 3, 21), (3, 6, 1, 4, 6), layers=3, both=True))
    assert set(at.seen) == {at.level}


@pytest.mark.parametrize("name", NAMES)
def test_a_level_without_such_products_computes_in_float32(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at, case = forced(Level.PORTABLE, monkeypatch), Case(name, (5, 4, 7, 9))
    near(case.values("native", lowered=True), truth(case))
    assert set(at.seen) == {Level.PORTABLE}


@pytest.mark.parametrize("level", BFLOAT16, ids=lambda level: level.title)
def test_float32_is_never_lowered(level: Level, monkeypatch: pytest.MonkeyPatch) -> None:
    at, case = forced(level, monkeypatch), Case("lstm", (5, 4, 7, 9))
    near(case.values("native"), truth(case))
    assert set(at.seen) == {Level.AVX512}


def test_outputs_states_and_gradients_are_float32(at: Passes) -> None:
    """Also where x comes in bfloat16 from what stands before, whose gradient is then bfloat16."""
    net = Case("lstm", (3, 4, 5, 6)).net("native")
    x = torch.randn(3, 4, 5).bfloat16().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        outputs, last = net(x, return_state=True)
    outputs.sum().backward()
    assert {outputs.dtype, last.h.dtype, last.c.dtype} == {torch.float32}
    assert {weight.grad.dtype for weight in net.parameters() if weight.grad is not None} == {torch.float32}
    assert x.grad is not None
    assert x.grad.dtype == torch.bfloat16
    assert at.seen == [at.level] * 2
