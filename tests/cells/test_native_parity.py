"""The compiled kernels against the Python cells in float64 and against torch.nn: outputs, states and every gradient.

The bound: 1e-5 of each tensor's largest value (``native_oracles.near``). Once at each level that this machine has.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from cell_oracles import TWINS, parameters, some_state, twin_of, twin_run
from hypothesis import given, settings
from native_oracles import FLOAT32, FORMS, NAMES, Case, Passes, cases, draw, errors, forced, near, results, truth

SIZES = [  # B, T, I, H: about the vectors' widths (4, 8, 16 floats) and the blocks of rows
    *[(1, 1, 1, 1), (1, 9, 5, 3), (3, 1, 2, 17), (2, 3, 300, 7), (3, 2, 8, 300), (4, 3, 65, 64)],
    *[(5, 4, 31, 33), (7, 5, 13, 100), (19, 3, 16, 15)],
]


@pytest.fixture(params=FLOAT32, ids=lambda level: level.title)
def at(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Passes:
    """A level, forced."""
    return forced(request.param, monkeypatch)


def check(case: Case, at: Passes) -> None:
    at.seen.clear()
    near(case.values("native"), truth(case))
    assert at.seen == [at.level] * 2 * case.layers * (2 if case.both or case.name == "bilstm" else 1)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_every_size(name: str, sizes: tuple[int, int, int, int], at: Passes) -> None:
    batch, time, _, _ = sizes
    check(Case(name, sizes, tuple(1 + (5 * row + 1) % time for row in range(batch))), at)
    check(Case(name, sizes, both=True, start=False, last=False), at)


@pytest.mark.parametrize(("lengths", "layers", "both", "start", "last"), FORMS)
@pytest.mark.parametrize("name", [*NAMES, "bilstm"])
def test_every_form(name: str, lengths: Any, layers: int, both: bool, start: bool, last: bool, at: Passes) -> None:
    check(Case(name, (5, 6, 3, 21), lengths, layers, both, start, last), at)


@pytest.mark.parametrize("level", FLOAT32, ids=lambda level: level.title)
def test_any_shape(level: Any) -> None:
    @settings(max_examples=25, deadline=None, derandomize=True, database=None)
    @given(case=cases(NAMES))
    def holds(case: Case) -> None:
        with pytest.MonkeyPatch.context() as monkeypatch:
            check(case, forced(level, monkeypatch))

    holds()


@pytest.mark.parametrize("lengths", [None, (3, 6, 1, 4, 6)], ids=["full", "ragged"])
@pytest.mark.parametrize("both", [False, True], ids=["one-way", "both-ways"])
@pytest.mark.parametrize("name", ["lstm", "gru", "rnn"])
def test_agrees_with_torch(name: str, both: bool, lengths: Any, at: Passes) -> None:
    case = Case(name, (5, 6, 7, 37), lengths, layers=2, both=both)
    net = case.net("native")
    twin = twin_of(net, TWINS[name])
    twin.load_state_dict(net.to_torch())
    rows = None if lengths is None else torch.tensor(lengths)
    state = some_state(net, 5)
    givens = {"x": draw(5, 6, 7), **state._asdict()}
    for given_one in givens.values():
        given_one.requires_grad_()
    ours = results(*net(givens["x"], rows, state, return_state=True), givens | parameters(net))
    outputs, last = twin_run(twin, givens["x"], rows, state)
    near(ours, results(outputs, last, givens | dict(twin.named_parameters())))
    assert set(at.seen) == {at.level}


@pytest.mark.parametrize("name", NAMES)
def test_long_sequences_and_sums_over_many_rows(name: str, at: Passes) -> None:
    check(Case(name, (1, 700, 3, 5)), at)
    check(Case(name, (300, 4, 3, 5), tuple(1 + row % 4 for row in range(300))), at)


@pytest.mark.parametrize("name", NAMES)
def test_saturated_gates(name: str, at: Passes) -> None:
    """Sums of gates of some hundreds, where exp would overflow, and where the Python cell itself is less exact."""
    case, found = Case(name, (4, 5, 6, 19)), []
    for kernel, dtype in (("native", torch.float32), ("reference", torch.float32), ("reference", torch.float64)):
        net = case.net(kernel, dtype)
        found.append(results(*net(1000 * draw(4, 5, 6, dtype=dtype), return_state=True), parameters(net)))
    native, python = errors(found[0], found[2]), errors(found[1], found[2])
    for key, (error, largest) in native.items():
        assert error <= 2 * python[key][0] + 1e-5 * largest + 1e-3, key  # a floor as large as x is
