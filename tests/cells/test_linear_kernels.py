"""Scans of elementwise linear cells against the Python cells in float64: outputs, states and every gradient.

In C once at each level that this machine has, and by torch. The bound: 1e-5 of each tensor's largest value.
"""

from __future__ import annotations

import ctypes
from typing import Any

import pytest
import torch
from cell_oracles import agree, some_state
from hypothesis import given, settings
from native_oracles import FLOAT32, FORMS, LINEAR, Case, Passes, cases, computed, draw, forced, near, passes, truth

from cells._kernels.native import library, linear
from cells._kernels.native.library import Level

__all__ = ["passes"]
SIZES = [  # B, T, I, H: about the vectors' widths (4, 8, 16 floats) and parts of rows
    *[(1, 2, 1, 1), (1, 9, 5, 3), (3, 2, 2, 17), (2, 3, 30, 7), (4, 3, 5, 64)],
    *[(5, 4, 31, 33), (7, 5, 13, 70), (19, 3, 16, 15)],
]
EACH = pytest.mark.parametrize("name", LINEAR)


@pytest.fixture(params=FLOAT32, ids=lambda level: level.title)
def at(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Passes:
    """A level, forced."""
    return forced(request.param, monkeypatch)


def check(case: Case, at: Passes) -> None:
    at.seen.clear()
    near(case.values("native"), truth(case))
    assert at.seen == [at.level] * 2 * case.layers * (1 + case.both)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@EACH
def test_every_size(name: str, sizes: tuple[int, int, int, int], at: Passes) -> None:
    batch, time, _, _ = sizes
    check(Case(name, sizes, tuple(1 + (5 * row + 1) % time for row in range(batch))), at)
    check(Case(name, sizes, both=True, start=False, last=False), at)


@pytest.mark.parametrize(("lengths", "layers", "both", "start", "last"), FORMS)
@EACH
def test_every_form(name: str, lengths: Any, layers: int, both: bool, start: bool, last: bool, at: Passes) -> None:
    case = Case(name, (5, 6, 3, 21), lengths, layers, both, start, last)
    check(case, at)
    near(case.values("torch"), truth(case))
    assert len(at.seen) == 2 * layers * (1 + both)


@pytest.mark.parametrize("level", FLOAT32, ids=lambda level: level.title)
def test_any_shape(level: Any) -> None:
    @settings(max_examples=25, deadline=None, derandomize=True, database=None)
    @given(case=cases(LINEAR))
    def holds(case: Case) -> None:
        with pytest.MonkeyPatch.context() as monkeypatch:
            check(case, forced(level, monkeypatch))

    holds()


@EACH
def test_in_float64(name: str, at: Passes) -> None:
    case = Case(name, (7, 6, 3, 21), (3, 6, 1, 4, 6, 2, 6), layers=2, both=True)
    agree(case.values("native", torch.float64), truth(case), 1e-12)
    agree(case.values("torch", torch.float64), truth(case), 1e-12)
    assert at.seen == [at.level] * 8


@EACH
def test_long_sequences_and_sums_over_many_rows(name: str, at: Passes) -> None:
    check(Case(name, (1, 700, 3, 5)), at)
    check(Case(name, (300, 4, 3, 5), tuple(1 + row % 4 for row in range(300))), at)


@EACH
def test_by_several_threads(name: str, at: Passes) -> None:
    """Bit for bit with as many threads; what no sum goes over is the same with any number."""
    case, found = Case(name, (40, 9, 5, 70), tuple(1 + (5 * row) % 9 for row in range(40)), both=True), {}
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        try:
            found[threads] = case.values("native")
            again = case.values("native")
        finally:
            torch.set_num_threads(1)
        assert [key for key, value in again.items() if not torch.equal(value, found[threads][key])] == []
    for threads in (2, 3):
        near(found[threads], found[1], 2e-6)
    near(found[3], truth(case))


@pytest.mark.parametrize("kernel", ["native", "torch"])
@EACH
def test_in_mixed_precision_the_state_is_float32(name: str, kernel: str, passes: list[Level]) -> None:
    case = Case(name, (5, 6, 3, 21), (3, 6, 1, 4, 6), layers=2)
    mixed, loop = (case.values(which, lowered=True) for which in (kernel, "reference"))
    assert {key: value.dtype for key, value in mixed.items()} == {key: value.dtype for key, value in loop.items()}
    assert mixed["last 0"].dtype is torch.float32
    near(mixed, loop, 1e-2, 1e-3)
    near(mixed, truth(case), 4e-2, 4e-2)
    assert len(passes) == (4 if kernel == "native" else 0)


def test_a_decay_near_one_is_not_rounded_in_mixed_precision(passes: list[Level]) -> None:
    net = Case("rg-lru", (2, 400, 3, 8), start=False).net("native")
    with torch.no_grad():
        for cell in net.cells:
            cell.Lambda.fill_(12.0)  # type: ignore[union-attr, operator]
    x = draw(2, 400, 3)
    exact, _ = net(x)
    with torch.autocast("cpu", torch.bfloat16):
        mixed, _ = net(x)
    assert mixed.dtype is torch.float32
    torch.testing.assert_close(mixed, exact, rtol=0.05, atol=0.02)


@EACH
def test_memory_that_torch_never_wrote(name: str, at: Passes) -> None:
    case = Case(name, (11, 6, 5, 21), (3, 6, 1, 4, 6, 2, 2, 5, 1, 6, 3), layers=2, both=True)
    clean = {kernel: case.values(kernel) for kernel in ("native", "torch")}
    torch.use_deterministic_algorithms(True)
    try:
        assert bool(torch.empty(9).isnan().all())
        for kernel, right in clean.items():
            filled = case.values(kernel)
            assert [key for key, value in filled.items() if not torch.equal(value, right[key])] == []
    finally:
        torch.use_deterministic_algorithms(False)


@EACH
def test_a_row_alone_is_what_it_is_in_the_batch(name: str, at: Passes) -> None:
    """But for the products by weights, which torch sums in another order."""
    lengths = (3, 6, 1, 4, 6, 2, 2, 5, 1, 6, 3)
    net, x = Case(name, (11, 6, 5, 21), lengths, both=True).net("native"), draw(11, 6, 5)
    state = some_state(net, 11)
    whole = computed(net, x, torch.tensor(lengths), state)
    for row, length in enumerate(lengths):
        start = type(state)(*(part[:, row : row + 1] for part in state))
        alone = computed(net, x[row : row + 1], torch.tensor([length]), start)
        torch.testing.assert_close(alone["outputs"], whole["outputs"][row : row + 1], rtol=1e-5, atol=1e-5)


def test_the_description_is_that_of_c(passes: list[Level]) -> None:
    found = library.load()
    assert found is not None
    assert found.c.workbench_linear_bytes() == ctypes.sizeof(linear._Linear)
